package rendezvous

import (
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"peerd/wire"
)

// Every login and prekey is pushed to all members: one member's loop must not become
// everybody's traffic.
func TestT13ALoopOfLoginsIsRefused(t *testing.T) {
	s := startServer(t)
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	s.quotas.of(alice.key()).changes.SetLimit(rate.Every(time.Hour)) // however slow they are
	for range changeBurst {
		alice.login(wire.Hello{})
	}
	if refused, err := alice.refusal(wire.Hello{}); refused != wire.RefusedBusy {
		t.Errorf("refused with %v (%v), want busy", refused, err)
	}
	bob.login(wire.Hello{}) // nobody else is refused
}

// A login that is refused for its rate has changed nothing: no name that the roster does
// not show, and no write to the disk, of which a loop of logins would make one each.
func TestT13ALoginOverItsRateTakesNoName(t *testing.T) {
	s := startServer(t)
	alice := join(t, s, "alice")
	s.quotas.of(alice.key()).changes.SetBurst(0)
	if code, err := alice.back().refusal(wire.Hello{Name: "alicia"}); code != wire.RefusedBusy {
		t.Fatalf("refused with %v (%v), want busy", code, err)
	}
	if m, _, err := s.state.member(alice.key()); m.Name != "alice" || err != nil {
		t.Errorf("the name is %q (%v), though the login was refused", m.Name, err)
	}
	s.quotas.forget(alice.key())
	if welcome := alice.login(wire.Hello{Name: "alicia"}); welcome.Name != "alicia" {
		t.Errorf("later welcomed as %q", welcome.Name)
	}
}

func TestT13AMemberOverItsRatesIsReadMoreSlowly(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	const seconds = 60
	for _, c := range []struct {
		kind      wire.Kind
		inAMinute int // 0: without limit
	}{
		{wire.KindTalk, askBurst + seconds*askRate},
		{wire.KindEndpoints, askBurst + seconds*askRate},
		{wire.KindEnvelope, askBurst + seconds*askRate},
		{wire.KindPing, askBurst + seconds*askRate},
		{wire.Kind(63), askBurst + seconds*askRate}, // what a newer peer may say
		{wire.KindPrekey, changeBurst + seconds*changeRate},
		{wire.KindRelay, 0}, // its bytes are counted
		{wire.KindPong, 0},
	} {
		t.Run(c.kind.String(), func(t *testing.T) {
			q := newQuotas(1)
			now, count := start, 0
			for now.Before(start.Add(seconds*time.Second)) && count < 100_000 {
				pause := q.of(wire.Key{1}).pause(c.kind, now)
				if pause > maxPause {
					t.Fatalf("it waits for %v", pause)
				}
				now = now.Add(pause)
				count++
			}
			if c.inAMinute == 0 && count < 100_000 || c.inAMinute != 0 && (count < c.inAMinute-1 || count > c.inAMinute+1) {
				t.Errorf("%d in a minute, want %d", count, c.inAMinute)
			}
			if pause := q.of(wire.Key{2}).pause(c.kind, now); pause != 0 {
				t.Errorf("another member waits for %v", pause)
			}
		})
	}
}

func TestT13NobodyElseWaitsForASlowedMember(t *testing.T) {
	s := startServer(t)
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	s.quotas.of(alice.key()).asks.SetLimit(rate.Every(time.Hour)) // however slowly we read
	var pings []wire.Message
	for range askBurst + 10 {
		pings = append(pings, wire.Ping{Nonce: 7})
	}
	alice.send(pings...)
	waitUntil(t, "alice is slowed", func() bool { return s.counters.membersSlowed.Load() > 0 })
	for range 10 {
		bob.send(wire.Ping{Nonce: 8})
		await[wire.Pong](bob)
	}
}

// Whoever talks without end to a member who reads slowly gets a refusal, and the other
// keeps its connection, its roster and its relay.
func TestT13ATalkerCannotLogASlowReaderOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, wait := pipe(t)
		sealed := make([]byte, wire.MaxSealed)
		envelope := wire.Envelope{Session: wire.SessionID{1}, Sealed: sealed}
		if !c.offer(envelope) {
			t.Fatal("nothing waits, and an envelope is refused")
		}
		synctest.Wait() // its write does not end: all that follows waits
		taken := 0
		for c.offer(envelope) {
			taken++
		}
		if bytes := taken * wire.MaxSealed; bytes < maxOfferBacklog/2 || bytes > maxOfferBacklog+wire.MaxSealed {
			t.Errorf("%d bytes of envelopes wait", bytes)
		}
		if !c.relay(wire.Relay{Payload: make([]byte, 1000)}) {
			t.Error("nothing is relayed to it any more")
		}
		if err := c.send(wire.Ping{}); err != nil {
			t.Errorf("the roster would not come through either: %v", err)
		}
		wait()
	})
}

// A talk to somebody who has too much to read is refused like any other: the message
// stays queued at its sender.
func TestT13ATalkToASlowReaderIsRefused(t *testing.T) {
	s := startServer(t)
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	alice.awaitRow(bob.key(), online)
	s.hub.mu.Lock()
	behind := s.hub.online[bob.key()]
	s.hub.mu.Unlock()
	waitUntil(t, "nothing is being written to bob", func() bool {
		behind.outbox.mu.Lock()
		defer behind.outbox.mu.Unlock()
		if behind.writing {
			return false
		}
		behind.writing, behind.pending = true, make([]byte, maxOfferBacklog+1) // by nobody: it waits
		return true
	})
	alice.send(wire.Talk{To: bob.key()})
	if got := await[wire.TalkRefused](alice); got.Code != wire.TalkRefusedBusy {
		t.Errorf("refused with %v, want busy", got.Code)
	}
	behind.outbox.mu.Lock()
	behind.writing, behind.pending = false, nil
	behind.outbox.mu.Unlock()
	alice.talkTo(bob, wire.Talk{})
}

// Together those who never read take no more than maxBacklogInAll.
func TestT13SlowReadersTogetherAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all backlog
		slow, _, slowEnds := pipe(t)
		slower, _, slowerEnds := pipe(t)
		slow.total, slower.total = &all, &all
		written := make([]byte, 1) // a write that does not end; what follows waits
		few, many := make([]byte, maxRelayBacklog/2), make([]byte, 2*maxRelayBacklog)
		for _, step := range []struct {
			to     *connection
			frames []byte
		}{{slow, written}, {slower, written}, {slow, few}, {slower, many}} {
			if err := step.to.sendFrames(step.frames); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if held := all.bytes.Load(); held < int64(len(few)+len(many)) {
			t.Errorf("%d bytes are counted, but %d wait", held, len(few)+len(many))
		}
		others := maxBacklogInAll - all.bytes.Load()
		all.bytes.Add(others)
		if err := slow.sendFrames(written); err != nil {
			t.Errorf("who has little waiting was disconnected: %v", err)
		}
		if err := slower.sendFrames(written); err != errSlowReader {
			t.Errorf("who has much waiting was not disconnected: %v", err)
		}
		slowEnds() // after writeTimeout
		slowerEnds()
		if held := all.bytes.Load() - others; held != 0 {
			t.Errorf("%d bytes are counted of connections that have ended", held)
		}
	})
}
