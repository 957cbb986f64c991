package api

import (
	"context"
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
		newHandler(t.Context(), &silentBackend{}, zerolog.Nop()).ServeHTTP(answer, request)
		if lines := strings.SplitAfter(answer.Body.String(), "\n"); !strings.HasPrefix(answer.Body.String(), "\n\n\n") || len(lines) > 5 {
			t.Errorf("got %q, want three blank lines and the end", answer.Body.String())
		}
	})
}

// frozen is a body that gives nothing until it is closed.
type frozen struct{ closed context.Context }

func (f frozen) Read([]byte) (int, error) {
	<-f.closed.Done()
	return 0, f.closed.Err()
}

func (f frozen) Close() error { return nil }

func TestAClientGivesUpOnAHungDaemon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		events := &Events{ctx, cancel, frozen{ctx}}
		defer events.Close()
		start := time.Now()
		for _, err := range events.All() {
			if e, ok := err.(*Error); !ok || e.Code != CodeUnreachable {
				t.Errorf("got %v", err)
			}
		}
		if got := time.Since(start); got != silence {
			t.Errorf("gave up after %v, want %v", got, silence)
		}
	})
}
