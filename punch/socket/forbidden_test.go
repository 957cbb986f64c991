package socket

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"peerd/internal/offload"
	"peerd/wire"
)

// outside records what leaves a socket, by whatever way.
type outside struct {
	linkEnd
	connected []netip.AddrPort // by TCP
}

func (o *outside) WriteTTL(b []byte, _ int, to netip.AddrPort) error { return o.Write(b, 0, 0, to) }

func (o *outside) ReadBatch([]offload.Datagrams) (int, error) { return 0, net.ErrClosed }

// TestT03NothingLeavesForForbiddenEndpoints names every forbidden endpoint as every
// kind of candidate, in one introduction with an honest one, as a rendezvous gone bad
// or a peer could, several times, and looks at what the socket does until the search
// is over: whatever it says, and by whatever protocol, it says to the honest one.
func TestT03NothingLeavesForForbiddenEndpoints(t *testing.T) {
	honest := netip.MustParseAddrPort("198.51.100.7:4000")
	for _, kind := range everyKind {
		t.Run(kind.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newLinked("203.0.113.1:4001")
				b := newLinked("203.0.113.2:4002")
				a.session, b.session = openBoth(t, a.side, b.side, randomSession())
				defer b.session.Close()
				seen := &outside{linkEnd: linkEnd{written: map[wire.DatagramKind]int{}}}
				a.conn = seen
				a.look = func(*Socket, netip.AddrPort) surroundings { return home }
				a.open = func(netip.Addr) (datagramConn, error) { return seen, nil }
				a.SetTCPSource(netip.MustParseAddrPort("192.168.1.5:50001"))
				a.openTCP = func(_ context.Context, _, to netip.AddrPort) (net.Conn, error) {
					seen.connected = append(seen.connected, to)
					return nil, errors.New("refused")
				}
				for _, evil := range forbidden {
					candidates := []wire.Candidate{candidate(evil, kind), {Endpoint: honest, Kind: kind}}
					a.session.Introduce(Introduction{Candidates: candidates, Observed: home.observed})
				}
				time.Sleep(time.Minute)
				a.session.Close()
				a.end()
				a.tasks.Wait()
				reached := seen.destinations()
				for to, datagrams := range reached {
					if to != honest {
						t.Errorf("%d datagrams left for %v", datagrams, to)
					}
				}
				if slices.ContainsFunc(seen.connected, func(to netip.AddrPort) bool { return to != honest }) {
					t.Errorf("TCP connections left for %v", seen.connected)
				}
				if reached[honest]+len(seen.connected) == 0 {
					t.Error("the honest endpoint was not tried either, so this test proves nothing")
				}
			})
		})
	}
}
