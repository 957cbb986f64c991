package api

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// silentBackend has no events.
type silentBackend struct {
	Backend
	Hub
}

func (b *silentBackend) Subscribe(ctx context.Context, types ...EventType) <-chan Event {
	return b.Hub.Subscribe(ctx, types...)
}

func TestASilentStreamBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithTimeout(t.Context(), 3*heartbeatInterval+time.Second)
		defer leave()
		request := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://peerd/v1/events", nil)
		answer := httptest.NewRecorder()
		caller, _ := net.Pipe()
		newHandler(t.Context(), &silentBackend{}, zerolog.Nop()).ServeHTTP(answer, request.WithContext(rememberCaller(ctx, caller)))
		if lines := strings.SplitAfter(answer.Body.String(), "\n"); !strings.HasPrefix(answer.Body.String(), "\n\n\n") || len(lines) > 5 {
			t.Errorf("got %q, want three blank lines and the end", answer.Body.String())
		}
	})
}

// beating is a body that gives some heartbeats and then nothing until it is
// closed.
type beating struct {
	beats  int
	closed context.Context
}

func (b *beating) Read(p []byte) (int, error) {
	if b.beats == 0 {
		<-b.closed.Done()
		return 0, b.closed.Err()
	}
	b.beats--
	time.Sleep(heartbeatInterval)
	return copy(p, "\n"), nil
}

func (b *beating) Close() error { return nil }

func TestAClientGivesUpOnAHungDaemonOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const beats = 10
		ctx, cancel := context.WithCancelCause(t.Context())
		events := &Events{ctx, cancel, &beating{beats, ctx}}
		defer events.Close()
		start := time.Now()
		for _, err := range events.All() {
			if e, ok := err.(*Error); !ok || e.Code != CodeUnreachable {
				t.Errorf("got %v", err)
			}
		}
		if got, want := time.Since(start), beats*heartbeatInterval+silence; got != want {
			t.Errorf("gave up after %v, want %v", got, want)
		}
	})
}
