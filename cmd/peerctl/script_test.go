package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rs/zerolog"

	"peerd/internal/leak"
	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

var update = flag.Bool("update", false, "rewrite the expected outputs in testdata; understand the difference before you keep it")

// Every script in testdata is a story of one user. It runs the real command,
// in a process of its own, against apitest.Circle on a real socket. These
// commands make the circle live:
//
//	exits CODE COMMAND…     runs a command that must end with this exit code
//	interrupted COMMAND…    interrupts a command once it has subscribed: exit code 130
//	subscribed [N]          waits until the last background command has subscribed; N says how
//	                        many subscriptions that makes, where commands before it had some
//	queued PEER N           waits until N messages to the peer are queued
//	stored TEXT             the last message the daemon got has this text
//	text N|invalid FILE     writes a file of N letters, or of bytes that are no text
//	refuse PEER declined|other
//	verified CONTACT        the user has compared the safety code
//	receive FROM TEXT       a message arrives; TEXT may have the escapes of a Go string
//	loggedout WHY           the rendezvous ends the login; WHY may have the escapes of a Go string
//	classic NAME            a user of the classic protocol comes online
//	change TEXT             the author of the last message received changes it; '' takes it back
//	presence PEER online|offline
//	path PEER direct|relay|none
//	reach PEER STATE        how far messages to the peer get on their own
//	advance PEER STATE      how far messages to the peer get now
//	marked ID receipt|silent   waits for the mark that messages up to ID are read
//	unmarked                nothing has been marked read
//	explain FILE            the answer to why is this row from now on
//	waitfor N FILE          waits until a file that a hook appends to holds at least N rows
//	offer FROM NAME SIZE    a file is offered; NAME may have the escapes of a Go string
//	move ID STATE BYTES [REASON]   a transfer comes that far, once it is there
//	stop                    the daemon stops
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		Setup:               startDaemon,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":       exits,
			"interrupted": interrupted,
			"subscribed":  subscribed,
			"receive":     receive,
			"classic":     classic,
			"damage":      damage,
			"loggedout":   loggedOut,
			"change":      change,
			"presence":    presence,
			"path":        changePath,
			"reach":       reach,
			"advance":     advance,
			"marked":      marked,
			"unmarked":    unmarked,
			"queued":      queued,
			"stored":      stored,
			"text":        text,
			"refuse":      refuse,
			"verified":    verified,
			"explain":     explain,
			"waitfor":     waitfor,
			"offer":       offerFile,
			"move":        moveFile,
			"stop":        stop,
		},
	})
}

func TestMain(m *testing.M) {
	testscript.Main(leak.Checked(m), map[string]func(){"peerctl": main})
}

// hangGuard ends a script that hangs. Nothing is measured with it.
const hangGuard = 20 * time.Second

// fixture is the daemon of one script.
type fixture struct {
	*apitest.Daemon
	stop  func()
	asked int // subscriptions the script has waited for
}

type fixtureKey struct{}

func startDaemon(env *testscript.Env) error {
	dir, err := os.MkdirTemp("", "peerctl") // sockets may not have long paths
	if err != nil {
		return err
	}
	env.Defer(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "peerd.sock")
	l, err := api.Listen(socket)
	if err != nil {
		return err
	}
	daemon := apitest.Circle()
	ctx, cancel := context.WithCancel(context.Background())
	var server sync.WaitGroup
	server.Go(func() { api.Serve(ctx, l, daemon, zerolog.Nop()) })
	f := &fixture{Daemon: daemon, stop: func() { cancel(); server.Wait() }}
	env.Defer(f.stop)
	env.Values[fixtureKey{}] = f
	env.Setenv("PEERD_SOCKET", socket)
	env.Setenv("GORACE", "atexit_sleep_ms=10") // a program under the race detector otherwise takes a second to exit
	env.Setenv("TZ", "UTC")
	env.Setenv("LANG", "C")
	return nil
}

func of(ts *testscript.TestScript) *fixture { return ts.Value(fixtureKey{}).(*fixture) }

// eventually waits until condition holds.
func eventually(ts *testscript.TestScript, what string, condition func() bool) {
	for deadline := time.Now().Add(hangGuard); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("never happened: %s", what)
		}
	}
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
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

func interrupted(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), hangGuard)
	defer cancel()
	path, err := exec.LookPath(args[0])
	ts.Check(err)
	command := exec.CommandContext(ctx, path, args[1:]...)
	command.Env = append(os.Environ(), "PEERD_SOCKET="+ts.Getenv("PEERD_SOCKET"))
	ts.Check(command.Start())
	subscribed(ts, false, nil)
	ts.Check(command.Process.Signal(os.Interrupt))
	if command.Wait(); command.ProcessState.ExitCode() != 130 {
		ts.Fatalf("interrupted: %v, want exit code 130", command.ProcessState)
	}
}

func subscribed(ts *testscript.TestScript, _ bool, args []string) {
	f := of(ts)
	f.asked++
	if len(args) > 0 {
		var err error
		f.asked, err = strconv.Atoi(args[0])
		ts.Check(err)
	}
	eventually(ts, "the command subscribes", func() bool { return f.Subscriptions() == f.asked })
}

func receive(ts *testscript.TestScript, _ bool, args []string) {
	text, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	of(ts).Receive(args[0], text)
}

func damage(ts *testscript.TestScript, _ bool, args []string) {
	missing, err := strconv.ParseInt(args[0], 10, 64)
	ts.Check(err)
	of(ts).Damage(missing)
}

func loggedOut(ts *testscript.TestScript, _ bool, args []string) {
	why, err := strconv.Unquote(`"` + args[0] + `"`)
	ts.Check(err)
	of(ts).LogOut(why)
}

func classic(ts *testscript.TestScript, _ bool, args []string) { of(ts).AddClassic(args[0]) }

func change(ts *testscript.TestScript, _ bool, args []string) {
	text, err := strconv.Unquote(`"` + args[0] + `"`)
	ts.Check(err)
	of(ts).Change(text)
}

func presence(ts *testscript.TestScript, _ bool, args []string) {
	of(ts).SetOnline(args[0], args[1] == "online")
}

func changePath(ts *testscript.TestScript, _ bool, args []string) {
	endpoint := netip.AddrPort{}
	if args[1] == string(api.PathDirect) {
		endpoint = netip.MustParseAddrPort("198.51.100.9:5000")
	}
	of(ts).SetPath(args[0], api.Path(args[1]), endpoint)
}

func reach(ts *testscript.TestScript, _ bool, args []string) {
	of(ts).Reach(args[0], api.State(args[1]))
}

func advance(ts *testscript.TestScript, _ bool, args []string) {
	of(ts).Advance(args[0], api.State(args[1]))
}

func marked(ts *testscript.TestScript, _ bool, args []string) {
	want := api.ReadMark{UpTo: args[0], Receipt: args[1] == "receipt"}
	eventually(ts, "a mark "+args[0]+" "+args[1], func() bool {
		for _, mark := range of(ts).Marks() {
			if mark == want {
				return true
			}
		}
		return false
	})
}

func unmarked(ts *testscript.TestScript, _ bool, _ []string) {
	if marks := of(ts).Marks(); len(marks) > 0 {
		ts.Fatalf("marked read: %v", marks)
	}
}

func queued(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	eventually(ts, args[1]+" messages are queued", func() bool {
		peers, _ := of(ts).Peers(context.Background())
		peer, err := api.FindPeer(peers, args[0])
		ts.Check(err)
		return peer.Queued == want
	})
}

func stored(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Unquote(`"` + args[0] + `"`)
	ts.Check(err)
	if texts := of(ts).Texts(); len(texts) == 0 || texts[len(texts)-1] != want {
		ts.Fatalf("stored: %q", texts)
	}
}

func text(ts *testscript.TestScript, _ bool, args []string) {
	content := "\xff\xfe"
	if n, err := strconv.Atoi(args[0]); err == nil {
		content = strings.Repeat("x", n)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(content), 0o600))
}

func refuse(ts *testscript.TestScript, _ bool, args []string) {
	refusal := errors.New(args[0] + " is on fire")
	if args[1] == string(api.CodeDeclined) {
		refusal = &api.Error{Code: api.CodeDeclined, Message: args[0] + " says no"}
	}
	of(ts).Refuse(args[0], refusal)
}

func verified(ts *testscript.TestScript, _ bool, args []string) { of(ts).Verified(args[0]) }

func explain(ts *testscript.TestScript, _ bool, args []string) {
	var why api.Why
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &why))
	of(ts).Explain(why)
}

func waitfor(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	eventually(ts, args[0]+" rows in "+args[1], func() bool {
		content, _ := os.ReadFile(ts.MkAbs(args[1]))
		return strings.Count(string(content), "{\"v\":1") >= want
	})
}

func stop(ts *testscript.TestScript, _ bool, _ []string) { of(ts).stop() }

func offerFile(ts *testscript.TestScript, _ bool, args []string) {
	name, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	size, err := strconv.ParseInt(args[2], 10, 64)
	ts.Check(err)
	of(ts).Offer(args[0], name, size)
}

func moveFile(ts *testscript.TestScript, _ bool, args []string) {
	moved, err := strconv.ParseInt(args[2], 10, 64)
	ts.Check(err)
	reason := ""
	if len(args) > 3 {
		reason = args[3]
	}
	eventually(ts, args[0]+" is offered", func() bool {
		transfers, _ := of(ts).Transfers(context.Background())
		return slices.ContainsFunc(transfers, func(t api.Transfer) bool { return t.ID == args[0] })
	})
	of(ts).Move(args[0], api.TransferState(args[1]), moved, api.TransferReason(reason))
}
