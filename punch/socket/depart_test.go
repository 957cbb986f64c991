package socket

import (
	"context"
	"errors"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/quic-go/quic-go"

	"peerd/punch"
	"peerd/wire"
)

// TestTheLastPacketArrivesWhateverWayIsDead closes a connection after our departure:
// QUIC says so in one packet.
func TestTheLastPacketArrivesWhateverWayIsDead(t *testing.T) {
	dead := netip.MustParseAddrPort("127.0.0.1:9")
	for name, row := range map[string]struct {
		direct    bool
		kill      func(p *pair)
		loggedOut bool
	}{
		"the relay by UDP":       {false, func(p *pair) { p.relay.setSilent(true) }, false},
		"the direct path":        {true, func(p *pair) { p.a.session.usePath(punch.Path{Direct: dead}) }, false},
		"the control connection": {true, func(p *pair) { p.relay.setSilent(true) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			var b *side
			var departed atomic.Bool
			a := newSide(t, func(session wire.SessionID, payload []byte) {
				if !departed.Load() {
					t.Error("before our departure a datagram went through the control connection")
				} else if !row.loggedOut {
					b.DeliverRelayed(session, payload)
				}
			}, nil)
			b = newSide(t, noControl(t), nil)
			p := &pair{a: a, b: b, relay: newUDPRelay(t)}
			a.SetRelay(p.relay.addr)
			b.SetRelay(p.relay.addr)
			p.open(t, randomSession())
			closing, told := p.connect(t)
			if row.direct {
				p.punch(t)
			}
			transfer(t, closing, told, 5, nil)

			row.kill(p)
			departed.Store(true)
			a.Depart()
			closing.CloseWithError(7, "closing")
			poll(t, "the connection ends", func() bool { return told.Context().Err() != nil })
			end, ok := errors.AsType[*quic.ApplicationError](context.Cause(told.Context()))
			if !ok || !end.Remote || end.ErrorCode != 7 {
				t.Errorf("the connection ended with %v", context.Cause(told.Context()))
			}
		})
	}
}
