package punch

import (
	"net/netip"
	"time"
)

const (
	// sprayPause is the time between two probes of a spray: 500 a second.
	sprayPause = 2 * time.Millisecond
	// sprayPasses is how often the ports are probed. The second pass finds the
	// sockets that the peer opened after the first had passed; it costs packets
	// but no router flows.
	sprayPasses = 2
	// firstSprayPort is the lowest port that a NAT gives out to a port above
	// 1023 (RFC 4787 REQ-3).
	firstSprayPort = 1024
)

// spray probes many ports of the peer's observed address, each of which opens
// our router for it: one is the mapping of one of the sockets that the peer
// has opened towards us. See manySockets.
type spray struct {
	addr  netip.Addr
	ports []uint16
	sent  int
	due   time.Time // zero: done
}

func newSpray(in Introduced, target netip.AddrPort, draws *draws) *spray {
	first, last, count := firstSprayPort, 0xffff, sprayPorts
	if classOf(in.Theirs) == classBlock {
		first, last, count = max(first, int(in.Theirs.FirstPort)), int(in.Theirs.LastPort), blockSprayPorts
	}
	return &spray{addr: target.Addr(), ports: draws.ports(first, last, count), due: in.FireAt}
}

func (s *spray) run(e *Engine, now time.Time) {
	for ; !s.due.IsZero() && !s.due.After(now); s.due = s.due.Add(sprayPause) {
		if s.sent == sprayPasses*len(s.ports) {
			s.due = time.Time{}
			return
		}
		to := netip.AddrPortFrom(s.addr, s.ports[s.sent%len(s.ports)])
		e.open(now, byMain(to), 0)
		s.sent++
	}
}

func (s *spray) wake() time.Time { return s.due }

// target of a ledger entry about many ports.
func anyPort(addr netip.Addr) netip.AddrPort { return netip.AddrPortFrom(addr, 0) }

// sprays reports whether addr is being sprayed.
func (s *search) sprays(addr netip.Addr) bool {
	for _, strategy := range s.strategies {
		if spray, ok := strategy.(*spray); ok && spray.addr == addr {
			return true
		}
	}
	return false
}
