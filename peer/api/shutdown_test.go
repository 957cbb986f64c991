package api

import (
	"context"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// pipeListener accepts one end of every pipe put into it.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{} }

// slowBackend takes its time for Status, and some more to clean up.
type slowBackend struct {
	Backend
	takes, cleanup time.Duration
	outcome        error // of the last Status
	done           bool
}

func (b *slowBackend) Status(ctx context.Context) (Status, error) {
	select {
	case <-time.After(b.takes):
	case <-ctx.Done():
	}
	b.outcome = ctx.Err()
	time.Sleep(b.cleanup)
	b.done = true
	return Status{}, b.outcome
}

func TestServeWaitsForRunningRequests(t *testing.T) {
	for name, c := range map[string]struct {
		backend slowBackend
		want    time.Duration // at most, from the end of the context to that of Serve
		outcome error
	}{
		"a short one finishes":                    {slowBackend{takes: time.Second}, 2 * time.Second, nil},
		"a long one is abandoned, and waited for": {slowBackend{takes: time.Hour, cleanup: time.Minute}, shutdownGrace + time.Minute, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &pipeListener{make(chan net.Conn), make(chan struct{})}
				ctx, stop := context.WithCancel(t.Context())
				served := make(chan error)
				go func() { served <- Serve(ctx, l, &c.backend, zerolog.Nop()) }()
				ours, theirs := net.Pipe()
				defer ours.Close()
				l.conns <- theirs
				fmt.Fprintf(ours, "GET /v1/status HTTP/1.0\r\nHost: peerd\r\n\r\n")
				go func() { // an answer nobody takes would hold the server
					var b [1 << 10]byte
					for {
						if _, err := ours.Read(b[:]); err != nil {
							return
						}
					}
				}()
				synctest.Wait()
				stop()
				start := time.Now()
				if err := <-served; err != nil {
					t.Errorf("Serve: %v", err)
				}
				if !c.backend.done || c.backend.outcome != c.outcome {
					t.Errorf("done %v with %v, want %v", c.backend.done, c.backend.outcome, c.outcome)
				}
				if took := time.Since(start); took > c.want {
					t.Errorf("took %v, want at most %v", took, c.want)
				}
			})
		})
	}
}
