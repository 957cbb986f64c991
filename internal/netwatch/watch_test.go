package netwatch

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// world is what a watch sees. Its clocks are those of the bubble, unless time
// goes missing.
type world struct {
	mu      sync.Mutex
	network Network
	asleep  time.Duration // time that only one clock has counted
	changes []Change
	hints   chan struct{}
}

func (w *world) look() Network {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.network
}

func (w *world) changed(c Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes = append(w.changes, c)
}

func (w *world) move(addresses ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.network = Network{}
	for _, a := range addresses {
		w.network.Addresses = append(w.network.Addresses, netip.MustParseAddr(a))
	}
	notify(w.hints)
}

// sleep lets the host sleep: to the programs no time has passed.
func (w *world) sleep(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asleep += d
}

func (w *world) seen() []Change {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.changes)
}

// watched runs story in a bubble while a watch is under way.
func watched(t *testing.T, story func(t *testing.T, w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{hints: make(chan struct{}, 1)}
		start := time.Now()
		clock := newClock(func() times {
			w.mu.Lock()
			defer w.mu.Unlock()
			awake := time.Since(start)
			return times{awake: awake, always: awake + w.asleep}
		})
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() { watch(ctx, w.hints, w.look, clock, w.changed) })
		synctest.Wait()
		story(t, w)
		cancel()
		group.Wait()
	})
}

func expect(t *testing.T, got []Change, want ...Change) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("changes %v, want %v", got, want)
	}
}

func TestMoveIsToldOnceSettled(t *testing.T) {
	watched(t, func(t *testing.T, w *world) {
		w.move("192.168.1.2")
		time.Sleep(settleTime - time.Millisecond)
		w.move("192.168.1.2", "2001:db8::2")
		expect(t, w.seen())
		time.Sleep(time.Millisecond)
		expect(t, w.seen(), Rewired)
		time.Sleep(time.Hour)
		expect(t, w.seen(), Rewired)
	})
}

func TestMessagesWithoutAChangeAreNotTold(t *testing.T) {
	watched(t, func(t *testing.T, w *world) {
		for range 100 {
			w.move()
			time.Sleep(time.Second)
		}
		expect(t, w.seen())
	})
}

// TestChattyKernel proves that a kernel that never falls silent, say on a router
// with many routes, does not keep a change from being told.
func TestChattyKernel(t *testing.T) {
	watched(t, func(t *testing.T, w *world) {
		for range 20 {
			w.move("192.168.1.2")
			time.Sleep(settleTime / 10)
		}
		expect(t, w.seen(), Rewired)
	})
}

func TestSleepIsNoticedAfterwards(t *testing.T) {
	watched(t, func(t *testing.T, w *world) {
		time.Sleep(time.Minute)
		expect(t, w.seen())
		w.sleep(3 * time.Hour)
		time.Sleep(clockInterval)
		expect(t, w.seen(), Woken)
		time.Sleep(time.Minute)
		expect(t, w.seen(), Woken)
	})
}

func TestANapIsNoSleep(t *testing.T) {
	watched(t, func(t *testing.T, w *world) {
		w.sleep(sleepThreshold / 2)
		time.Sleep(time.Minute)
		expect(t, w.seen())
	})
}

// TestStoppedProcess proves that a process which was stopped, while the host
// was not asleep, counts as woken: both clocks have moved on.
func TestStoppedProcess(t *testing.T) {
	now := times{}
	c := newClock(func() times { return now })
	now.awake, now.always = now.awake+time.Minute, now.always+time.Minute
	if missing := c.missing(); missing != time.Minute-clockInterval {
		t.Errorf("%v is missing, want %v", missing, time.Minute-clockInterval)
	}
	now.awake, now.always = now.awake+clockInterval, now.always+clockInterval
	if missing := c.missing(); missing != 0 {
		t.Errorf("%v is missing afterwards, want none", missing)
	}
}

// TestClockSetBack proves that a clock that somebody has set back is no sleep.
func TestClockSetBack(t *testing.T) {
	now := times{}
	c := newClock(func() times { return now })
	now.awake, now.always = now.awake+clockInterval, now.always-24*time.Hour
	if missing := c.missing(); missing != 0 {
		t.Errorf("%v is missing, want none", missing)
	}
}
