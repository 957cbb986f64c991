package punch

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"peerd/wire"
)

// onTheWire returns those of the actions that the peer, or somebody at an endpoint
// that was named for it, could notice.
func onTheWire(actions []Action) []Action {
	return slices.DeleteFunc(slices.Clone(actions), func(action Action) bool {
		switch action := action.(type) {
		case SendDatagram:
			return action.To == netip.AddrPort{}
		case SendLogin, ConnectTCP, RequestTalk:
			return false
		}
		return true
	})
}

// TestT11ConfinedSessionSendsNothing has a stranger, who knows our endpoint from
// elsewhere and has a session with us over the relay, try to get a packet from us.
func TestT11ConfinedSessionSendsNothing(t *testing.T) {
	stranger := netip.MustParseAddrPort("203.0.113.66:4000")
	probe := wire.Probe{TransactionID: wire.TransactionID{1}, Session: aSession}.Append(nil, peerKey)
	config := ourConfig
	config.Confined = true
	e, now := New(config), epoch
	for _, event := range []Event{
		Received{From: stranger, Datagram: probe},
		Strayed{From: stranger},
		Sent{},
		Moved{},
		Observed{Socket: 1, Endpoint: stranger},
		Connected{Socket: 1},
		SocketLost{Socket: 1},
		Tick{},
	} {
		now = now.Add(30 * time.Second)
		if sent := onTheWire(e.Step(now, event)); len(sent) > 0 {
			t.Errorf("%T makes a confined session do %v", event, sent)
		}
	}
	if wake := e.Wake(); !wake.IsZero() {
		t.Errorf("it wants to be woken at %v", wake)
	}
	if answer := e.Step(now, Received{Datagram: probe}); len(answer) != 1 {
		t.Errorf("a probe through the relay is answered with %v", answer)
	}
}

// TestT11ConfiningEndsADirectPath has two peers who talk directly, until one of them
// wants its endpoint to be known no longer: nothing more leaves, to wherever, also
// when the other goes on, and until it is introduced again.
func TestT11ConfiningEndsADirectPath(t *testing.T) {
	w := newWorld(1, [2]kind{usual, usual})
	w.introduce(0, nil, 0)
	w.run(w.now.Add(5 * time.Second))
	if !w.homes[0].engine.Path().IsDirect() {
		t.Fatal("there is no direct path to end")
	}
	w.chatter(0)
	w.chatter(1)
	w.step(0, Confined{})
	before := w.homes[0].sent
	w.rendezvous = false // its introductions would lift it
	w.run(w.now.Add(20 * time.Minute))
	if sent := w.homes[0].sent - before; sent != 0 {
		t.Errorf("%d datagrams left afterwards", sent)
	}
	for i, h := range w.homes {
		if path := h.engine.Path(); path.IsDirect() {
			t.Errorf("peer %d uses %v", i, path)
		}
	}
	w.introduce(0, nil, 0)
	w.run(w.now.Add(10 * time.Second))
	if !w.homes[0].engine.Path().IsDirect() {
		t.Error("an introduction does not lift it")
	}
}
