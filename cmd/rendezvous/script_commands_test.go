package main

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"peerd/internal/identity"
	"peerd/internal/invite"
	"peerd/peer/control"
	"peerd/wire"
)

// hangGuard ends a wait for what will never come.
const hangGuard = time.Minute

// await FILE waits until FILE exists.
func await(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 1 {
		ts.Fatalf("usage: await FILE")
	}
	path := ts.MkAbs(args[0])
	for deadline := time.Now().Add(hangGuard); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return
		}
	}
	ts.Fatalf("%s did not appear", args[0])
}

// capture NAME REGEXP keeps what the group of REGEXP matches in the last
// standard output as the environment variable NAME.
func capture(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 2 {
		ts.Fatalf("usage: capture NAME REGEXP")
	}
	match := regexp.MustCompile("(?m)" + args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(match) != 2 {
		ts.Fatalf("standard output does not match %s", args[1])
	}
	ts.Setenv(args[0], match[1])
}

// served FILE waits until somebody listens at the socket FILE, which may be a dead one's
// until then. It asks nothing, so it cannot be in the way of a rendezvous that starts.
func served(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 1 {
		ts.Fatalf("usage: served FILE")
	}
	path := ts.MkAbs(args[0])
	for deadline := time.Now().Add(hangGuard); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if conn, err := net.Dial("unix", path); err == nil {
			_ = conn.Close()
			return
		}
	}
	ts.Fatalf("nobody listens at %s", args[0])
}

// eventually REGEXP COMMAND... repeats a command until its standard output
// matches.
func eventually(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) < 2 {
		ts.Fatalf("usage: eventually REGEXP COMMAND...")
	}
	wanted := regexp.MustCompile(args[0])
	for deadline := time.Now().Add(hangGuard); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if ts.Exec(args[1], args[2:]...) == nil && wanted.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
	ts.Fatalf("the output never matched %s", args[0])
}

// exitcode N COMMAND... runs a command that must end with exit code N.
func exitsWith(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) < 2 {
		ts.Fatalf("usage: exitcode N COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// ! shows FILE INVITE fails when FILE contains the token of the invite in the
// file INVITE.
func shows(ts *testscript.TestScript, negated bool, args []string) {
	if !negated || len(args) != 2 {
		ts.Fatalf("usage: ! shows FILE INVITE")
	}
	invite := strings.TrimSpace(ts.ReadFile(args[1]))
	token := invite[strings.LastIndex(invite, ".")+1:]
	if len(token) == 0 || strings.Contains(ts.ReadFile(args[0]), token) {
		ts.Fatalf("%s shows the invite's token", args[0])
	}
}

// member NAME INVITE logs a peer in with the invite in the file INVITE, under the key
// that NAME has in this script, and keeps the key as the environment variable KEY_NAME.
// It answers pings until the script ends, or the rendezvous says goodbye.
//
// ! member NAME INVITE CODE has to be refused for that reason.
func member(ts *testscript.TestScript, negated bool, args []string) {
	if len(args) < 2 || negated != (len(args) == 3) {
		ts.Fatalf("usage: member NAME INVITE, or ! member NAME INVITE CODE")
	}
	joined, err := invite.Parse(ts.ReadFile(args[1]))
	ts.Check(err)
	self, err := identity.LoadOrCreate(ts.MkAbs("key of " + args[0]))
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), hangGuard)
	defer cancel()
	connection, err := control.Dial(ctx, joined.Address, self.ClientTLS(wire.ControlProtocol, joined.Server))
	ts.Check(err)
	ts.Defer(func() { _ = connection.Close() })
	ts.Setenv("KEY_"+args[0], self.Key().String())
	_, err = connection.Login(wire.Hello{Version: wire.Version, Name: args[0], Token: joined.Token, Instance: wire.Instance{1}})
	if !negated {
		ts.Check(err)
		stay(ts, connection)
		return
	}
	if refused, ok := errors.AsType[wire.Refused](err); !ok || refused.Code.String() != args[2] {
		ts.Fatalf("login ended with %v, want %s", err, args[2])
	}
}

// stay has a member read, and so answer pings, until its connection ends.
func stay(ts *testscript.TestScript, connection *control.Conn) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			if _, err := connection.Receive(); err != nil {
				_ = connection.Close()
				return
			}
		}
	}()
	ts.Defer(func() {
		_ = connection.Close()
		<-ended
	})
}

// write FILE TEXT makes a file of one line.
func write(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 2 {
		ts.Fatalf("usage: write FILE TEXT")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(args[1]+"\n"), 0o600))
}
