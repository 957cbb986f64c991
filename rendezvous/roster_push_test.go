package rendezvous

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"peerd/wire"
)

// delivered is one roster update as a peer got it.
type delivered struct {
	after time.Duration
	rows  int
	whole bool // its last chunk
}

// watchRoster returns a hub with one peer online, and what that peer is told,
// in simulated time. finish ends everything.
func watchRoster(t *testing.T) (h *hub, got func() []delivered, finish func()) {
	t.Helper()
	h = newHub(Config{}, newCookies(), newRelayTable(), new(counters), nil)
	h.table.Put(wire.Row{Key: wire.Key{255}})
	c, peer, wait := pipe(t)
	c.rosterVersion = h.table.Version()
	h.online[wire.Key{255}] = c
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var updates []delivered
	start := time.Now()
	var running sync.WaitGroup
	running.Go(func() { h.pushRoster(ctx) })
	running.Go(func() {
		for {
			kind, body, err := wire.ReadFrame(peer, nil)
			if err != nil {
				return
			}
			if kind != wire.KindDelta {
				continue
			}
			delta, err := wire.ParseDelta(body)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			updates = append(updates, delivered{time.Since(start), len(delta.Changed), !delta.More})
			mu.Unlock()
		}
	})
	got = func() []delivered {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		return append([]delivered(nil), updates...)
	}
	finish = func() {
		cancel()
		c.end()
		wait()
		running.Wait()
	}
	return h, got, finish
}

// put changes the roster as a login does.
func (h *hub) put(row wire.Row) {
	h.mu.Lock()
	h.table.Put(row)
	h.mu.Unlock()
	h.rosterChanged()
}

func TestOneLoginIsAnnouncedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, got, finish := watchRoster(t)
		h.put(wire.Row{Key: wire.Key{1}, Name: "alice", Online: true})
		time.Sleep(time.Second)
		updates := got()
		if len(updates) != 1 || updates[0].rows != 1 || updates[0].after != pushDelay {
			t.Errorf("told %v, want one row after %v", updates, pushDelay)
		}
		finish()
	})
}

// A thousand logins at one moment are one update, in chunks, and not a thousand.
func TestBurstOfLoginsIsOneUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, got, finish := watchRoster(t)
		for i := range 1000 {
			h.put(wire.Row{Key: wire.Key{1, byte(i), byte(i >> 8)}, Name: fmt.Sprint("peer ", i), Online: true})
		}
		time.Sleep(time.Second)
		rows, wholes := 0, 0
		for _, update := range got() {
			rows += update.rows
			if update.whole {
				wholes++
			}
		}
		if rows != 1000 || wholes != 1 {
			t.Errorf("told %d rows in %d updates, want 1000 in one", rows, wholes)
		}
		finish()
	})
}
