package peer

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"peerd/internal/rogue"
	"peerd/peer/api"
	"peerd/wire"
)

// These tests have the rendezvous, and with it anybody who has ever listened, say
// again what was said before (threat T9): at once, to another instance, on another
// connection. It counts once.

// times says everything that peers have for each other several times.
func times(n int) func(rogue.Frame) []rogue.Frame {
	return func(f rogue.Frame) []rogue.Frame {
		switch m := f.Message.(type) {
		case wire.Introduction:
			if len(m.Sealed) == 0 {
				return f.Pass()
			}
		case wire.Envelope, wire.Relay:
		default:
			return f.Pass()
		}
		return slices.Repeat(f.Pass(), n)
	}
}

// messageEvents counts what subscribers are told of as new.
type messageEvents struct {
	mu    sync.Mutex
	texts []string
}

func (h *hostile) messageEvents(d *Daemon) *messageEvents {
	events := &messageEvents{}
	seen := d.Subscribe(h.guard(), api.TypeMessage)
	go func() {
		for event := range seen {
			events.mu.Lock()
			events.texts = append(events.texts, event.(api.Message).Text)
			events.mu.Unlock()
		}
	}()
	return events
}

func (e *messageEvents) list() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.texts)
}

// TestT09WhatIsSealedCountsOnce replays envelopes five times over: as they come; on
// another connection; to another instance of the recipient; after an edit and after
// the text was taken back.
func TestT09WhatIsSealedCountsOnce(t *testing.T) {
	h := newHostile(t)
	h.rogue.OnFrame(times(5))
	dir := t.TempDir()
	alice, bob := h.startAt("alice", dir), h.join("bob")
	if err := alice.AwaitOnline(h.guard()); err != nil {
		t.Fatal(err)
	}
	witness := h.puppet("witness")
	h.knows(alice, "bob")
	h.knows(bob, "alice")
	told := h.messageEvents(alice)
	first := h.send(bob, "alice", "one") // sealed in the talk
	second := h.send(bob, "alice", "two")
	h.settled(alice, witness)
	h.await("subscribers are told of the last", func() bool { return slices.Contains(told.list(), witnessed) })
	if got := told.list(); !slices.Equal(got, []string{"one", "two", witnessed}) {
		t.Errorf("subscribers were told of %q", got)
	}
	if _, err := bob.Edit(t.Context(), api.EditRequest{ID: first.ID, Text: "one, edited"}); err != nil {
		t.Fatal(err)
	}
	if _, err := bob.Edit(t.Context(), api.EditRequest{ID: second.ID, Unsend: true}); err != nil {
		t.Fatal(err)
	}
	h.await("alice has the edits", func() bool { return slices.Equal(texts(t, alice, "bob"), []string{"one, edited", ""}) })
	h.await("bob knows that she has", func() bool { return len(pending(t, bob, alice.Key())) == 0 })
	h.settled(alice, witness)
	before, bobBefore := h.everything(alice, witness), h.everything(bob, witness)

	replay := func(t *testing.T, alice *Daemon) {
		introduction := h.rogue.Introduction(alice.Key(), bob.Key())
		introduction.Candidates = nil
		sealed := 0
		for _, talk := range rogue.Recorded[wire.Talk](h.rogue, bob.Key()) {
			if len(talk.Sealed) == 0 {
				continue
			}
			sealed++
			introduction.Sealed = talk.Sealed
			for range 5 {
				h.rogue.Send(alice.Key(), introduction, wire.Envelope{Session: introduction.Session, Sealed: talk.Sealed})
			}
			h.settled(alice, witness)
		}
		receipts := rogue.Recorded[wire.Envelope](h.rogue, alice.Key())
		for _, receipt := range receipts {
			receipt.Session = introduction.Session
			for range 5 {
				h.rogue.Send(bob.Key(), receipt)
			}
			h.settled(bob, witness)
		}
		if sealed == 0 || len(receipts) == 0 {
			t.Fatalf("%d sealed messages and %d sealed receipts were recorded: this proves nothing", sealed, len(receipts))
		}
		h.settled(alice, witness)
		h.settled(bob, witness)
		if after := h.everything(alice, witness); after != before {
			t.Errorf("alice had\n%s\nand has\n%s", before, after)
		}
		if after := h.everything(bob, witness); after != bobBefore {
			t.Errorf("bob had\n%s\nand has\n%s", bobBefore, after)
		}
	}
	t.Run("on the same connection", func(t *testing.T) { replay(t, alice) })
	t.Run("on another connection", func(t *testing.T) {
		h.relogin(alice)
		replay(t, alice)
	})
	t.Run("to another instance", func(t *testing.T) {
		if err := alice.Close(); err != nil {
			t.Fatal(err)
		}
		alice = h.joinAt("alice", dir)
		told = h.messageEvents(alice)
		h.knows(alice, "witness")
		replay(t, alice)
		if got := slices.DeleteFunc(told.list(), func(text string) bool { return text == witnessed }); len(got) != 0 {
			t.Errorf("subscribers were told of %q", got)
		}
	})
	h.rogue.OnFrame(nil)
	h.send(bob, "alice", "three")
	if got := texts(t, alice, "bob"); !slices.Equal(got, []string{"one, edited", "", "three"}) {
		t.Errorf("alice has %q", got)
	}
}

// TestT09WhatIsRelayedCountsOnce relays every datagram five times, and all of them
// again later, on the same connection of QUIC and on the next.
func TestT09WhatIsRelayedCountsOnce(t *testing.T) {
	h := newHostile(t)
	h.rogue.OnFrame(relayOnly)
	h.rogue.OnDatagram(func(d rogue.Datagram) []rogue.Datagram {
		if wire.Classify(d.Payload) != wire.DatagramRelay {
			return d.Pass()
		}
		return slices.Repeat(d.Pass(), 5)
	})
	alice, bob := h.join("alice"), h.join("bob")
	h.knows(alice, "bob")
	h.knows(bob, "alice")
	told := h.messageEvents(bob)
	var want []string
	say := func(text string) {
		h.send(alice, "bob", text)
		want = append(want, text)
	}
	again := func() {
		from, to := h.rogue.Endpoint(alice.Key()), h.rogue.Endpoint(bob.Key())
		for _, datagram := range h.rogue.RecordedDatagrams(from) {
			if wire.Classify(datagram) == wire.DatagramRelay {
				h.rogue.Write(to, datagram)
			}
		}
	}
	for _, text := range []string{"one", "two", "three"} {
		say(text)
	}
	again()
	say("four")
	h.connection(alice, bob).CloseWithError(codeReplaced, "another one")
	say("five")
	again()
	say("six")
	if got := texts(t, bob, "alice"); !slices.Equal(got, want) {
		t.Errorf("bob has %q, want %q", got, want)
	}
	h.await("subscribers are told", func() bool { return len(told.list()) >= len(want) })
	if got := told.list(); !slices.Equal(got, want) {
		t.Errorf("subscribers were told of %q, want %q", got, want)
	}
}

// TestT09FramesOfAnEarlierConnectionChangeNothing has alice log in anew and hear all
// that was said on her first connection once more, an old roster included.
func TestT09FramesOfAnEarlierConnectionChangeNothing(t *testing.T) {
	h := newHostile(t)
	var mu sync.Mutex
	var frames []wire.Message
	var alice *Daemon
	h.rogue.OnFrame(func(f rogue.Frame) []rogue.Frame {
		mu.Lock()
		defer mu.Unlock()
		if alice != nil && f.To == alice.Key() {
			frames = append(frames, f.Message)
		}
		return f.Pass()
	})
	daemon := h.startAt("alice", t.TempDir())
	mu.Lock()
	alice = daemon
	mu.Unlock()
	if err := alice.AwaitOnline(h.guard()); err != nil {
		t.Fatal(err)
	}
	bob := h.join("bob")
	witness := h.puppet("witness")
	h.knows(alice, "bob")
	h.knows(bob, "alice")
	h.send(bob, "alice", "one")
	h.send(alice, "bob", "back")
	h.settled(alice, witness)
	before := h.everything(alice, witness)
	h.rogue.OnFrame(nil)
	mu.Lock()
	said := slices.Clone(frames)
	mu.Unlock()
	for range 2 {
		h.relogin(alice)
		for _, m := range said {
			h.rogue.Send(alice.Key(), m)
		}
	}
	h.await("alice has hung up or read it all", func() bool {
		h.rogue.Send(alice.Key(), wire.Ping{Nonce: 99})
		return slices.Contains(rogue.Recorded[wire.Pong](h.rogue, alice.Key()), wire.Pong{Nonce: 99})
	})
	alice.redial()
	h.relogin(alice)
	h.knows(alice, "witness")
	h.settled(alice, witness)
	if after := h.everything(alice, witness); after != before {
		t.Errorf("alice had\n%s\nand has\n%s", before, after)
	}
	h.send(bob, "alice", "two")
	if got := strings.Join(texts(t, alice, "bob"), ","); got != "one,two" {
		t.Errorf("alice has %q", got)
	}
}
