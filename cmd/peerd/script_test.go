package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rs/zerolog"

	"peerd/internal/leak"
	"peerd/internal/statedir"
	"peerd/peer/api"
	"peerd/rendezvous"
)

// Every script in testdata is a story of somebody who starts peerd. It runs the
// real command, in processes of its own, against real rendezvous servers on
// loopback, "home" and "work". Scripts put daemons into the background and use
// these commands:
//
//	exits CODE COMMAND…        runs a command that must end with this exit code
//	invite FILE CIRCLE [for-one|expired|revoked|unknown|wrong-key]   writes an invite, also to $INVITE
//	terminate                  sends SIGTERM to the background commands that run
//	online STATE               waits until the daemon is logged in, and prints its name and circle
//	offline STATE              waits until the daemon answers peerctl, and prints that it is offline
//	notify                     has daemons started from now on tell when they are ready, as systemd does
//	ready                      waits until one does
//	local STATE PATTERN        the daemon's local endpoint matches; it becomes $LOCAL
//	rendezvous stop|start|replace CIRCLE   replace: another one, at the same address
//	unprivileged CODE COMMAND… is exits, as a user who is not root
//	hides FILE INVITE          FILE must not contain the token of an invite
//	private FILE               only its owner may read or write FILE
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata",
		Setup:              prepare,
		RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":        exits,
			"terminate":    terminate,
			"invite":       writeInvite,
			"online":       online,
			"offline":      offline,
			"notify":       notify,
			"ready":        ready,
			"local":        local,
			"rendezvous":   controlRendezvous,
			"unprivileged": unprivileged,
			"hides":        hides,
			"private":      private,
		},
	})
}

func TestMain(m *testing.M) {
	testscript.Main(leak.Checked(m), map[string]func(){"peerd": main})
}

// hangGuard ends a script that hangs. Nothing is measured with it.
const hangGuard = 20 * time.Second

func prepare(env *testscript.Env) error {
	if err := aloneIfPossible(); err != nil {
		return err
	}
	f := &fixture{env: env, servers: map[string]*server{}}
	env.Values[fixtureKey{}] = f
	env.Setenv("NO_COLOR", "1")
	env.Setenv("GORACE", "atexit_sleep_ms=10") // a program under the race detector otherwise takes a second to exit
	env.Setenv(statedir.SocketVariable, "")
	env.Setenv("DEFAULT_NAME", defaultName(userName(), hostName()))
	env.Setenv("RLO", "\u202e") // right-to-left override, which turns this file around
	return nil
}

// fixture is what one script has: its rendezvous servers, started at their first
// invite.
type fixture struct {
	env     *testscript.Env
	servers map[string]*server
	// notices is the socket on which daemons say that they are ready.
	notices *net.UnixConn
}

type fixtureKey struct{}

func of(ts *testscript.TestScript) *fixture { return ts.Value(fixtureKey{}).(*fixture) }

// server is one rendezvous.
type server struct {
	*rendezvous.Server
	config rendezvous.Config
	stop   func()
}

func (f *fixture) server(circle string) (*server, error) {
	if s := f.servers[circle]; s != nil {
		return s, nil
	}
	s := &server{config: rendezvous.Config{
		Listen:    "127.0.0.1:0",
		StateDir:  filepath.Join(f.env.WorkDir, ".rendezvous-"+circle),
		Advertise: "127.0.0.1",
		Circle:    circle,
		Logger:    zerolog.Nop(),
	}}
	if err := s.start(); err != nil {
		return nil, err
	}
	f.servers[circle] = s
	f.env.Defer(func() { s.stop() })
	return s, nil
}

// start starts the rendezvous, at the address it had if it ran before.
func (s *server) start() error {
	var err error
	if s.Server, err = rendezvous.Open(s.config); err != nil {
		return err
	}
	s.config.Listen, s.config.Advertise = s.Addr().String(), s.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() { s.Serve(ctx) })
	s.stop = func() { cancel(); serving.Wait() }
	return nil
}

func controlRendezvous(ts *testscript.TestScript, _ bool, args []string) {
	s, err := of(ts).server(args[1])
	ts.Check(err)
	switch args[0] {
	case "stop":
		s.stop()
	case "start":
		ts.Check(s.start())
	case "replace":
		s.stop()
		s.config.StateDir += "-replaced"
		ts.Check(s.start())
	}
}

func writeInvite(ts *testscript.TestScript, _ bool, args []string) {
	flaw := ""
	if len(args) > 2 {
		flaw = args[2]
	}
	text, err := of(ts).invite(args[1], flaw)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text+"\n"), 0o600))
	ts.Setenv("INVITE", text)
}

// invite returns an invite to a circle, good or with a flaw.
func (f *fixture) invite(circle, flaw string) (string, error) {
	s, err := f.server(circle)
	if err != nil {
		return "", err
	}
	uses, life := 16, time.Hour
	switch flaw {
	case "for-one":
		uses = 1
	case "expired":
		life = time.Nanosecond
	}
	made, err := s.CreateInvite(uses, life)
	if err != nil {
		return "", err
	}
	made.Address = s.Addr().String()
	switch flaw {
	case "unknown":
		made.Token[0]++
	case "wrong-key":
		made.Server[0]++
	case "revoked":
		err = s.revokeLast()
	}
	return made.String(), err
}

// revokeLast revokes the youngest invite, with the tools an operator has.
func (s *server) revokeLast() error {
	admin, err := rendezvous.OpenAdmin(s.config.StateDir)
	if err != nil {
		return err
	}
	defer admin.Close()
	invites, err := admin.Invites()
	if err != nil {
		return err
	}
	var errs []error
	for _, i := range invites {
		errs = append(errs, admin.RevokeInvite(i.ID))
	}
	return errors.Join(errs...)
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	wantExit(ts, ts.Exec(args[1], args[2:]...), want)
}

func wantExit(ts *testscript.TestScript, err error, want int) {
	got := 0
	if err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func terminate(ts *testscript.TestScript, _ bool, _ []string) {
	for _, command := range ts.BackgroundCmds() {
		// Those that have ended already are waiting to be asked about.
		if err := command.Process.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
			ts.Check(err)
		}
	}
}

func online(ts *testscript.TestScript, _ bool, args []string) {
	status := awaitStatus(ts, args[0], func(s api.Status) bool { return s.Rendezvous.State == api.RendezvousOnline })
	fmt.Fprintf(ts.Stdout(), "%s of %s\n", status.Name, status.Circle)
}

func offline(ts *testscript.TestScript, _ bool, args []string) {
	status := awaitStatus(ts, args[0], func(s api.Status) bool { return s.Rendezvous.State != api.RendezvousOnline })
	fmt.Fprintf(ts.Stdout(), "%s of %s is offline\n", status.Name, status.Circle)
}

// awaitStatus waits until the daemon with a state directory, or a socket, says
// what is wanted.
func awaitStatus(ts *testscript.TestScript, path string, wanted func(api.Status) bool) api.Status {
	path = ts.MkAbs(path)
	if !strings.HasSuffix(path, ".sock") {
		path = statedir.Socket(path)
	}
	client := api.NewClient(path)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), hangGuard)
	defer cancel()
	for {
		status, err := client.Status(ctx)
		if err == nil && wanted(status) {
			return status
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			ts.Fatalf("the daemon on %s did not come to what was wanted: %+v, %v", path, status, err)
		}
	}
}

func notify(ts *testscript.TestScript, _ bool, _ []string) {
	dir, err := os.MkdirTemp("", "peerd") // sockets may not have long paths
	ts.Check(err)
	path := filepath.Join(dir, "notify")
	notices, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	ts.Check(err)
	ts.Defer(func() { notices.Close(); os.RemoveAll(dir) })
	of(ts).notices = notices
	ts.Setenv("NOTIFY_SOCKET", path)
}

func ready(ts *testscript.TestScript, _ bool, _ []string) {
	notices := of(ts).notices
	ts.Check(notices.SetReadDeadline(time.Now().Add(hangGuard)))
	notice := make([]byte, 256)
	for {
		n, err := notices.Read(notice)
		ts.Check(err)
		if string(notice[:n]) == daemon.SdNotifyReady {
			return
		}
	}
}

func local(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile(args[1])
	status := awaitStatus(ts, args[0], func(s api.Status) bool { return len(s.NAT.Local) > 0 })
	for _, endpoint := range status.NAT.Local {
		if !pattern.MatchString(endpoint.String()) {
			ts.Fatalf("local endpoint %v does not match %s", endpoint, pattern)
		}
		ts.Setenv("LOCAL", endpoint.String())
	}
}

func hides(ts *testscript.TestScript, _ bool, args []string) {
	invite := strings.TrimSpace(ts.ReadFile(args[1]))
	token := invite[strings.LastIndexByte(invite, '.')+1:]
	if len(token) < 20 || strings.Contains(ts.ReadFile(args[0]), token) {
		ts.Fatalf("%s shows the token of %s", args[0], args[1])
	}
}

func private(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if mode := info.Mode().Perm(); mode != 0o600 {
		ts.Fatalf("%s has mode %o", args[0], mode)
	}
}
