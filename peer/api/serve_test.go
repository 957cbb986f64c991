package api_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

// hangGuard ends a test that hangs. Nothing is measured with it.
const hangGuard = 20 * time.Second

// socketPath returns a short path in a private directory: sockets may not have
// long ones.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "api")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "peerd.sock")
}

// serve serves backend until the test ends or stop is called, which waits for
// Serve to return.
func serve(t *testing.T, backend api.Backend) (socket string, stop func()) {
	t.Helper()
	socket = socketPath(t)
	l, err := api.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var server sync.WaitGroup
	server.Go(func() {
		if err := api.Serve(ctx, l, backend, zerolog.Nop()); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	stop = func() { cancel(); server.Wait() }
	t.Cleanup(stop)
	return socket, stop
}

func client(t *testing.T, socket string) *api.Client {
	t.Helper()
	c := api.NewClient(socket)
	t.Cleanup(c.Close)
	return c
}

// guarded returns the test's context with the hang guard.
func guarded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), hangGuard)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits until condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(hangGuard); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
	}
}

func TestStoppingEndsStreamsAndWaitsAndLeavesNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	daemon := apitest.Circle()
	socket, stop := serve(t, daemon)
	c := client(t, socket)
	ctx := guarded(t)

	sent, err := c.Send(ctx, api.SendRequest{To: "carol", Text: "hi"})
	if err != nil {
		t.Fatal(err)
	}
	events, err := c.Events(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	waited := make(chan error, 1)
	go func() {
		_, err := c.WaitMessage(ctx, sent.ID, api.StateRead, time.Hour)
		waited <- err
	}()

	stop()
	for _, err := range events.All() {
		wantCode(t, err, api.CodeUnreachable)
	}
	wantCode(t, <-waited, api.CodeUnreachable)
	if _, err := os.Lstat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
	events.Close()
	c.Close()
	eventually(t, "all goroutines end", func() bool { return runtime.NumGoroutine() <= before })
}

func TestAClientThatLeavesFreesItsSubscription(t *testing.T) {
	hub := &counting{Daemon: apitest.Circle()}
	socket, _ := serve(t, hub)
	ctx, leave := context.WithCancel(guarded(t))
	events, err := client(t, socket).Events(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	leave()
	eventually(t, "the daemon notices that the client has left", func() bool { return hub.left.Load() == 1 })
}

func TestAFailingListenerIsReported(t *testing.T) {
	l, err := api.Listen(socketPath(t))
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := api.Serve(t.Context(), l, apitest.Circle(), zerolog.Nop()); err == nil {
		t.Error("Serve returned nil for a closed listener")
	}
}

func dial(t *testing.T, socket string) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(hangGuard))
	return conn
}
