package rendezvous

import (
	"context"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"peerd/wire"
)

func TestShutdownSaysGoodbyeToAll(t *testing.T) {
	var mu sync.Mutex
	var notified []string
	config := Config{Listen: "127.0.0.1:0", StateDir: t.TempDir(), Notify: func(state string) {
		mu.Lock()
		defer mu.Unlock()
		notified = append(notified, state)
	}}
	s, err := Open(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	peers := []*client{join(t, s, "alice"), join(t, s, "bob"), join(t, s, "carol")}
	stranger := newClient(t, s)
	if err := stranger.dial(); err != nil { // half-open: must not hold up the shutdown
		t.Fatal(err)
	}
	cancel()
	for _, peer := range peers {
		goodbye := await[wire.Goodbye](peer)
		if goodbye.ReturnIn < 0 || goodbye.ReturnIn > returnWithin {
			t.Errorf("told to return in %v", goodbye.ReturnIn)
		}
		peer.awaitEnd()
	}
	if err := <-served; err != nil {
		t.Errorf("serve: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if notified[0] != "READY=1" || notified[len(notified)-1] != "STOPPING=1" {
		t.Errorf("notified %v", notified)
	}

	again, err := Open(config)
	if err != nil {
		t.Fatalf("start anew: %v", err)
	}
	defer again.Close()
	for _, peer := range peers {
		if row, ok := again.hub.table.Row(peer.key()); !ok || row.Online || row.Since.IsZero() {
			t.Errorf("after the restart the roster says %+v, %v", row, ok)
		}
	}
}

// Half-open connections end without a goodbye, when others need their place and at a
// shutdown. Who holds a Welcome must not be counted among them, not for a moment.
func TestTheWelcomedAreNoStrangers(t *testing.T) {
	s := startServer(t)
	for n := range 50 {
		peer := join(t, s, "peer"+strconv.Itoa(n))
		pushOutAll(s.halfOpen)
		peer.send(wire.Ping{Nonce: 7})
		awaitWhere(peer, func(pong wire.Pong) bool { return pong.Nonce == 7 })
	}
}

// pushOutAll does what a flood does, all at once.
func pushOutAll(h *halfOpen) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.count() > 0 {
		h.pushOut()
	}
}

// Nobody would close a connection that was accepted before the listener was closed and
// is let in after the others were: its login would keep the server from ending.
func TestWhoComesDuringAShutdownIsNotLetIn(t *testing.T) {
	s := startServer(t)
	conn := &fakeConn{remote: from(1)}
	s.sayGoodbye()
	if stranger := s.letIn(conn); stranger != nil {
		t.Error("a connection was let in after the goodbyes")
	}
}

func TestServerCanBeClosedUnserved(t *testing.T) {
	directory := t.TempDir()
	for range 2 {
		s, err := Open(Config{Listen: "127.0.0.1:0", StateDir: directory})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Peers come and go for months; what they leave behind must not add up.
func TestReconnectsLeaveNothingBehind(t *testing.T) {
	s := startServer(t)
	alice := join(t, s, "alice")
	candidate := alice.observed()
	bob := join(t, s, "bob")
	await := func() {
		waitUntil(t, "alice and bob alone are there", func() bool { return s.halfOpen.len() == 0 && len(s.hub.connections()) == 2 })
	}
	await()
	before := settledGoroutines(t)
	for i := range 1000 {
		old := alice.conn
		s.quotas.forget(alice.key()) // months pass
		alice.login(wire.Hello{Candidates: []wire.Candidate{candidate}})
		if i%2 == 0 {
			_ = old.NetConn().Close()
		}
		if i%10 == 0 { // bob must not be taken for dead meanwhile: he answers pings while he listens
			alice.talkTo(bob, wire.Talk{})
		}
	}
	await()
	waitUntil(t, "the goroutines of 1000 connections are gone", func() bool { return goroutinesOf(t) <= before+5 })
	if sessions, endpoints := s.relay.count(); sessions > 1 || endpoints > 1 {
		t.Errorf("%d sessions and %d endpoints are left", sessions, endpoints)
	}
}

// goroutinesOf counts the goroutines that run the package's server code.
func goroutinesOf(t *testing.T) (count int) {
	t.Helper()
	runtime.Gosched()
	buffer := make([]byte, 8<<20)
	stacks := strings.Split(string(buffer[:runtime.Stack(buffer, true)]), "\n\n")
	return len(slices.DeleteFunc(stacks, func(stack string) bool { return !strings.Contains(stack, "rendezvous.(*Server)") }))
}

// settledGoroutines is goroutinesOf once the number has not changed for a while: some of
// a start and of a login begin, and some end, after a peer is welcome.
func settledGoroutines(t *testing.T) int {
	t.Helper()
	settled, looks := goroutinesOf(t), 0
	waitUntil(t, "goroutines have begun and ended", func() bool {
		looks++
		if n := goroutinesOf(t); n != settled {
			settled, looks = n, 0
		}
		return looks > 100
	})
	return settled
}

func TestServeEndsWithItsGoroutines(t *testing.T) {
	s, err := Open(Config{Listen: "127.0.0.1:0", StateDir: t.TempDir(), Metrics: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := s.Serve(ctx); err != nil {
		t.Fatal(err)
	}
	if left := goroutinesOf(t); left != 0 {
		t.Errorf("%d goroutines of the server are left", left)
	}
}
