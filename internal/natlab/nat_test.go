//go:build linux

package natlab_test

import (
	"testing"

	"peerd/internal/natlab"
)

// What each kind of router does to UDP, observed from inside as RFC 5780 does: the mappings seen by two servers, and
// whose unsolicited packets come in.
func TestEachKindOfRouterBehavesAsDocumented(t *testing.T) {
	for _, kind := range []struct {
		nat           natlab.NAT
		options       []natlab.Option
		preservesPort bool // the mapping's port is the socket's own
		sameMapping   bool // one mapping for all destinations: EIM
		acceptsAny    bool // a stranger's packets come in: EIF
	}{
		{nat: natlab.Masquerade, preservesPort: true, sameMapping: true},
		{nat: natlab.InputAccept, preservesPort: true, sameMapping: true},
		{nat: natlab.FullyRandom},
		{nat: natlab.Sequential},
		{nat: natlab.FullCone, preservesPort: true, sameMapping: true, acceptsAny: true},
		{nat: natlab.Masquerade, options: []natlab.Option{natlab.PortBlock(40000, 40063)}, sameMapping: true},
	} {
		t.Run(kind.nat.String(), func(t *testing.T) {
			lab := natlab.New(t)
			vps := lab.PublicHost("vps", natlab.Link{})
			stranger := lab.PublicHost("stranger", natlab.Link{}).ListenUDP(0)
			one, other := startServer(t, vps, 3478), startServer(t, vps, 3479)
			home := lab.Home("home", kind.nat, natlab.Link{}, kind.options...)
			conn := home.Host("alice").ListenUDP(5000)

			mapping := one.observed(conn)
			if mapping.Addr() != home.Addr() {
				t.Errorf("observed %v, want the router's address %v", mapping, home.Addr())
			}
			if got := mapping.Port() == 5000; got != kind.preservesPort {
				t.Errorf("port preserved: %v, observed %v", got, mapping)
			}
			second := other.observed(conn)
			if got := second == mapping; got != kind.sameMapping {
				t.Errorf("same mapping for both servers: %v, observed %v and %v", got, mapping, second)
			}
			send(t, stranger, mapping, "unsolicited")
			if _, _, got := receive(t, conn); got != kind.acceptsAny {
				t.Errorf("accepts a stranger's packet: %v", got)
			}
		})
	}
}
