package peer

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"peerd/internal/rogue"
	"peerd/peer/api"
	"peerd/peer/seal"
	"peerd/wire"
)

// A forgery is something that the rendezvous sends alice in bob's name, or about him.
type forgery struct {
	name     string
	messages []wire.Message
	// ids are of what must not be stored.
	ids []wire.MessageID
}

// forge is everything that a rendezvous with a member on its side can make up. Bob's
// true words are known to it, as he has sent them to mallory too.
func (h *hostile) forge(alice, bob *Daemon, said wire.MessageID, waiting wire.MessageID, mallory, carol puppet) []forgery {
	h.t.Helper()
	session := wire.DeriveSessionID(alice.Key(), alice.instance, bob.Key(), bob.instance)
	envelope := func(sealed []byte) wire.Message { return wire.Envelope{Session: session, Sealed: sealed} }
	text, inside, server := h.text("a false bob"), h.text("a false bob, introduced"), h.text("the rendezvous as bob")
	edit := h.item(wire.Edit{ID: said, Body: "never said"})
	unsend := h.item(wire.Edit{ID: said, Unsend: true})
	offer := h.item(wire.FileOffer{Name: "invoice.pdf", Size: 1, Files: 1, Manifest: 60, Root: [32]byte{1}})
	group := h.item(wire.Group{ID: wire.GroupID{9}, Name: "friends", Members: []wire.GroupMember{
		{Key: alice.Key(), Change: 1}, {Key: bob.Key(), Change: 1}, {Key: mallory.Key(), Change: 1},
	}})
	receipt := wire.Receipt{ID: waiting, DeliveredAt: time.Now()}
	best := h.text("a better false bob")
	toMallory, redirected := h.text("for mallory only"), h.text("to be damaged")
	genuine := h.sealed(bob.self, alice, redirected)
	introduction := h.rogue.Introduction(alice.Key(), bob.Key())
	introduction.Sealed = h.sealed(mallory.Identity, alice, inside)

	all := []forgery{
		{"a member's text as bob's", []wire.Message{envelope(h.sealed(mallory.Identity, alice, text))}, []wire.MessageID{text.ID}},
		{"a text sealed as bob does, signed by a member", []wire.Message{envelope(h.disguised(mallory.Identity, bob.Key(), alice, best))}, []wire.MessageID{best.ID}},
		{"carol's receipt, sealed as she does", []wire.Message{
			carol.introduction(alice), wire.Envelope{Session: carol.session(alice), Sealed: h.disguised(mallory.Identity, carol.Key(), alice, receipt)},
		}, nil},
		{"a member's text in bob's introduction", []wire.Message{introduction}, []wire.MessageID{inside.ID}},
		{"the rendezvous' own text as bob's", []wire.Message{envelope(h.sealed(h.rogue.Identity(), alice, server))}, []wire.MessageID{server.ID}},
		{"an edit of what bob said", []wire.Message{envelope(h.sealed(mallory.Identity, alice, edit))}, []wire.MessageID{edit.ID}},
		{"bob takes back what he said", []wire.Message{envelope(h.sealed(mallory.Identity, alice, unsend))}, []wire.MessageID{unsend.ID}},
		{"a file of bob's", []wire.Message{envelope(h.sealed(mallory.Identity, alice, offer))}, []wire.MessageID{offer.ID}},
		{"a group of bob's", []wire.Message{envelope(h.sealed(mallory.Identity, alice, group))}, []wire.MessageID{group.ID}},
		{"carol's receipt by a member", []wire.Message{
			carol.introduction(alice), wire.Envelope{Session: carol.session(alice), Sealed: h.sealed(mallory.Identity, alice, receipt)},
		}, nil},
		{"carol's receipt by the rendezvous", []wire.Message{
			wire.Envelope{Session: carol.session(alice), Sealed: h.sealed(h.rogue.Identity(), alice, receipt)},
		}, nil},
		{"a member's own receipt for what carol has not got", []wire.Message{
			mallory.introduction(alice), wire.Envelope{Session: mallory.session(alice), Sealed: h.sealed(mallory.Identity, alice, receipt)},
		}, nil},
		{"bob's receipt for what carol has not got", []wire.Message{envelope(h.sealed(bob.self, alice, receipt))}, nil},
		{"what bob sealed for mallory", []wire.Message{
			envelope(h.sealedFor(bob.self, mallory.Key(), mallory.prekey, toMallory)),
		}, []wire.MessageID{toMallory.ID}},
		{"what bob sealed, as a member's", []wire.Message{
			mallory.introduction(alice), wire.Envelope{Session: mallory.session(alice), Sealed: genuine},
		}, []wire.MessageID{redirected.ID}},
		{"an envelope of no session", []wire.Message{wire.Envelope{Session: wire.SessionID{1}, Sealed: genuine}}, []wire.MessageID{redirected.ID}},
		{"nothing sealed at all", []wire.Message{text, edit, receipt, wire.Read{UpTo: 1 << 40, At: time.Now()}}, []wire.MessageID{text.ID, edit.ID}},
		{"frames as relayed packets", []wire.Message{
			wire.Relay{Session: session, Payload: mustFrame(h.t, text)}, wire.Relay{Session: session, Payload: genuine[:min(len(genuine), 1200)]},
		}, []wire.MessageID{text.ID}},
	}
	damaged := forgery{"what bob sealed, damaged", nil, []wire.MessageID{redirected.ID}}
	for i := 0; i < len(genuine); i += 7 {
		sealed := bytes.Clone(genuine)
		sealed[i] ^= 1 << (i % 8)
		damaged.messages = append(damaged.messages, envelope(sealed))
	}
	cut := forgery{"what bob sealed, cut short", nil, []wire.MessageID{redirected.ID}}
	for i := 1; i < len(genuine); i += 11 {
		cut.messages = append(cut.messages, envelope(genuine[:i]))
	}
	return append(all, damaged, cut)
}

func mustFrame(t testing.TB, m wire.Message) []byte {
	t.Helper()
	frame, err := wire.AppendFrame(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

// TestT08NothingForgedIsAccepted has a rendezvous forge whatever it can, with a member
// of the circle on its side.
func TestT08NothingForgedIsAccepted(t *testing.T) {
	h := newHostile(t)
	alice, bob := h.join("alice"), h.join("bob")
	mallory, carol, witness := h.puppet("mallory"), h.puppet("carol"), h.puppet("witness")
	h.knows(bob, "alice")
	h.knows(alice, "carol")
	said := h.send(bob, "alice", "the true bob")
	h.send(alice, "bob", "the true alice")
	queued, err := alice.Send(t.Context(), api.SendRequest{To: "carol", Text: "for carol"})
	if err != nil {
		t.Fatal(err)
	}
	saidID, _ := wire.ParseMessageID(said.ID)
	queuedID, _ := wire.ParseMessageID(queued.ID)
	h.settled(alice, witness)
	before := h.everything(alice, witness)

	for _, f := range h.forge(alice, bob, saidID, queuedID, mallory, carol) {
		t.Run(f.name, func(t *testing.T) {
			for batch := range slices.Chunk(f.messages, envelopeQueue/2) {
				h.rogue.Send(alice.Key(), batch...)
				h.settled(alice, witness)
			}
			for _, id := range f.ids {
				if m, err := alice.store.Message(t.Context(), id); err == nil {
					t.Errorf("stored %+v", m)
				}
			}
			if after := h.everything(alice, witness); after != before {
				t.Errorf("alice had\n%s\nand has\n%s", before, after)
			}
		})
	}
	h.send(bob, "alice", "still the true bob")
	if got := texts(t, alice, "bob"); !slices.Equal(got, []string{"the true bob", "still the true bob"}) {
		t.Errorf("alice has %q from bob", got)
	}
	if sent, err := alice.WaitMessage(t.Context(), queued.ID, api.StateQueued); err != nil || sent.State.Reached(api.StateDelivered) {
		t.Errorf("the message that carol never got is %q (%v)", sent.State, err)
	}
}

// TestT08WhatIsWithheldWaitsAtTheSender has the rendezvous pass nothing on, and say
// that all is well.
func TestT08WhatIsWithheldWaitsAtTheSender(t *testing.T) {
	h := newHostile(t)
	alice, bob := h.join("alice"), h.join("bob")
	h.knows(alice, "bob")
	h.knows(bob, "alice")
	h.rogue.OnFrame(withhold)
	h.rogue.OnDatagram(withholdDatagrams)
	sent, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "are you there?"})
	if err != nil {
		t.Fatal(err)
	}
	h.await("alice asks", func() bool { return len(rogue.Recorded[wire.Talk](h.rogue, alice.Key())) > 0 })
	id, _ := wire.ParseMessageID(sent.ID)
	introduction := h.rogue.Introduction(alice.Key(), bob.Key())
	introduction.Candidates, introduction.Caller = nil, true
	h.rogue.Send(alice.Key(), introduction, // a lie: bob was told nothing
		wire.Envelope{Session: introduction.Session, Sealed: h.sealed(h.rogue.Identity(), alice, wire.Receipt{ID: id, DeliveredAt: time.Now()})})
	for range 3 {
		h.relogin(alice)
	}
	if m, err := alice.store.Message(t.Context(), id); err != nil || m.State != "queued" && m.State != "sent" {
		t.Fatalf("alice's message is %q (%v), want queued or sent", m.State, err)
	}
	if got := texts(t, bob, "alice"); len(got) != 0 {
		t.Fatalf("bob has %q, so this proves nothing", got)
	}
	h.rogue.OnFrame(nil)
	h.rogue.OnDatagram(nil)
	h.relogin(alice)
	h.awaitState(alice, sent.ID, api.StateDelivered)
	if got := texts(t, bob, "alice"); !slices.Equal(got, []string{"are you there?"}) {
		t.Errorf("bob has %q", got)
	}
}

// rosterLie rewrites the rows that alice is told.
type rosterLie struct {
	name string
	rows func(rows map[string]wire.Row)
}

func rosterLies(h *hostile, alice, bob *Daemon, mallory puppet) []rosterLie {
	old, _, err := seal.NewPrekey(bob.self, 1)
	if err != nil {
		h.t.Fatal(err)
	}
	swapped := func(row wire.Row, change func(*wire.Row)) wire.Row {
		change(&row)
		return row
	}
	return []rosterLie{
		{"bob's name is mallory's", func(rows map[string]wire.Row) {
			delete(rows, "mallory")
			rows["bob"] = swapped(rows["bob"], func(r *wire.Row) { r.Key, r.Prekey = mallory.Key(), mallory.prekey })
		}},
		{"two bobs", func(rows map[string]wire.Row) {
			rows["mallory"] = swapped(rows["mallory"], func(r *wire.Row) { r.Name = "bob" })
		}},
		{"bob and mallory change names", func(rows map[string]wire.Row) {
			b, m := rows["bob"], rows["mallory"]
			b.Name, m.Name = m.Name, b.Name
			rows["bob"], rows["mallory"] = b, m
		}},
		{"bob's prekey is mallory's", func(rows map[string]wire.Row) {
			rows["bob"] = swapped(rows["bob"], func(r *wire.Row) { r.Prekey = mallory.prekey })
		}},
		{"bob's prekey is one of his that he has forgotten", func(rows map[string]wire.Row) {
			rows["bob"] = swapped(rows["bob"], func(r *wire.Row) { r.Prekey = old })
		}},
		{"bob is gone", func(rows map[string]wire.Row) { delete(rows, "bob") }},
		{"everybody is gone", func(rows map[string]wire.Row) { clear(rows) }},
		{"alice is called bob", func(rows map[string]wire.Row) {
			rows["alice"] = swapped(rows["alice"], func(r *wire.Row) { r.Name = "bob" })
			delete(rows, "bob")
		}},
		{"mallory is called alice", func(rows map[string]wire.Row) {
			rows["mallory"] = swapped(rows["mallory"], func(r *wire.Row) { r.Name = "alice" })
			delete(rows, "alice")
		}},
		{"bob has a name that nobody can have", func(rows map[string]wire.Row) {
			rows["bob"] = swapped(rows["bob"], func(r *wire.Row) { r.Name = "bob\u202e\x1b[2J" })
		}},
		{"rows of nobody", func(rows map[string]wire.Row) {
			rows["weak"] = wire.Row{Key: wire.Key{1}, Name: "weak", Online: true}
			rows["bob"] = swapped(rows["bob"], func(r *wire.Row) { r.Key = wire.Key{1, 2, 3} })
		}},
	}
}

// lying rewrites what one peer is told of the roster.
func lying(to wire.Key, lie rosterLie) func(rogue.Frame) []rogue.Frame {
	return func(f rogue.Frame) []rogue.Frame {
		m, ok := f.Message.(wire.Snapshot)
		if _, delta := f.Message.(wire.Delta); delta && f.To == to {
			return nil
		}
		if !ok || f.To != to {
			return f.Pass()
		}
		rows := map[string]wire.Row{}
		for _, row := range m.Rows {
			rows[row.Name] = row
		}
		lie.rows(rows)
		m.Rows = nil
		for _, row := range rows {
			m.Rows = append(m.Rows, row)
		}
		m.Version += 1 << 32
		return f.With(m).Pass()
	}
}

// TestT08ARosterThatLiesMovesNoContact proves that whatever the roster says of names,
// keys and prekeys, what the user sends to bob goes to the key that was bob's at the
// first contact, or nowhere.
func TestT08ARosterThatLiesMovesNoContact(t *testing.T) {
	h := newHostile(t)
	alice, bob := h.join("alice"), h.join("bob")
	mallory, witness := h.puppet("mallory"), h.puppet("witness")
	h.knows(alice, "bob")
	h.send(alice, "bob", "first")
	h.settled(alice, witness)
	before := h.everything(alice, witness)
	sent := []string{"first"}
	for _, lie := range rosterLies(h, alice, bob, mallory) {
		t.Run(lie.name, func(t *testing.T) {
			h.rogue.OnFrame(lying(alice.Key(), lie))
			h.relogin(alice)
			h.await("the lie is told", func() bool {
				alice.mu.Lock()
				defer alice.mu.Unlock()
				return alice.roster.Version() > 1<<32
			})
			if after := h.everything(alice, witness); after != before {
				t.Errorf("alice had\n%s\nand has\n%s", before, after)
			}
			row, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: lie.name})
			h.rogue.OnFrame(nil)
			h.relogin(alice)
			h.await("the roster is true again", func() bool {
				known, listed := alice.rosterRow(bob.Key())
				return listed && known.Name == "bob" && known.Online
			})
			if err == nil {
				h.awaitState(alice, row.ID, api.StateDelivered)
				sent = append(sent, lie.name)
			} else if !strings.Contains(err.Error(), "key") && !strings.Contains(err.Error(), "itself") {
				t.Errorf("sending to bob: %v, want it to work or to name the key", err)
			}
			if got := texts(t, bob, "alice"); !slices.Equal(got, sent) {
				t.Errorf("bob has %q, want %q", got, sent)
			}
			before = h.everything(alice, witness)
		})
	}
	messages, err := alice.store.Queued(t.Context())
	if err != nil || len(messages) != 0 {
		t.Errorf("messages wait for %v (%v): somebody else was to get them", messages, err)
	}
	if talks := len(h.rogue.Saw([]byte("bob's name is mallory's"))); talks != 0 {
		t.Errorf("the rendezvous has read a message")
	}
}
