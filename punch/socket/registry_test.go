package socket

import (
	"net/netip"
	"testing"
)

func TestT05EndpointsBelongToWhomProvesThem(t *testing.T) {
	endpoint := netip.MustParseAddrPort("198.51.100.1:5000")
	type step struct {
		do  func(r *registry, x, y *Session)
		own string // who owns the endpoint then: "", "x" or "y"
	}
	hear := func(who func(x, y *Session) *Session) func(r *registry, x, y *Session) {
		return func(r *registry, x, y *Session) { r.hear(who(x, y), endpoint) }
	}
	prove := func(who func(x, y *Session) *Session) func(r *registry, x, y *Session) {
		return func(r *registry, x, y *Session) { r.prove(who(x, y), endpoint) }
	}
	remove := func(who func(x, y *Session) *Session) func(r *registry, x, y *Session) {
		return func(r *registry, x, y *Session) { r.remove(who(x, y)) }
	}
	first := func(x, _ *Session) *Session { return x }
	second := func(_, y *Session) *Session { return y }

	for name, steps := range map[string][]step{
		"a probe claims":                         {{hear(first), "x"}},
		"a second claim makes it nobody's":       {{hear(first), "x"}, {hear(second), ""}},
		"proof settles a contested endpoint":     {{hear(first), "x"}, {hear(second), ""}, {prove(first), "x"}},
		"proof outdoes a claim":                  {{hear(first), "x"}, {prove(second), "y"}},
		"a claim does nothing against proof":     {{prove(first), "x"}, {hear(second), "x"}},
		"the latest proof wins":                  {{prove(first), "x"}, {prove(second), "y"}},
		"a claim of one's own repeats":           {{hear(first), "x"}, {hear(first), "x"}},
		"a contested endpoint stays contested":   {{hear(first), "x"}, {hear(second), ""}, {hear(first), ""}},
		"a closed session owns nothing":          {{prove(first), "x"}, {remove(first), ""}},
		"what it left can be claimed":            {{prove(first), "x"}, {remove(first), ""}, {hear(second), "y"}},
		"a closed session claims nothing":        {{remove(first), ""}, {hear(first), ""}, {prove(first), ""}},
		"a closed session ends its contest":      {{hear(first), "x"}, {hear(second), ""}, {remove(second), ""}, {hear(first), "x"}},
		"closing one leaves the other's proof":   {{hear(first), "x"}, {prove(second), "y"}, {remove(first), "y"}},
		"closing twice changes nothing":          {{hear(first), "x"}, {remove(first), ""}, {hear(second), "y"}, {remove(first), "y"}},
		"a claim after a lost proof is repelled": {{prove(first), "x"}, {prove(second), "y"}, {hear(first), "y"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRegistry()
			x, y := &Session{id: randomSession()}, &Session{id: randomSession()}
			r.add(x)
			r.add(y)
			names := map[*Session]string{nil: "", x: "x", y: "y"}
			for i, step := range steps {
				step.do(&r, x, y)
				if got := names[r.byEndpoint(endpoint)]; got != step.own {
					t.Fatalf("after step %d %q owns the endpoint, want %q", i, got, step.own)
				}
			}
		})
	}
}

func TestASessionClaimsFewEndpoints(t *testing.T) {
	r := newRegistry()
	x := &Session{id: randomSession()}
	r.add(x)
	endpoint := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.MustParseAddr("198.51.100.1"), uint16(5000+i))
	}
	for i := range 10 * maxClaims {
		r.hear(x, endpoint(i))
	}
	if len(r.endpoints) != maxClaims {
		t.Errorf("one session claims %d endpoints, want %d", len(r.endpoints), maxClaims)
	}
	if r.byEndpoint(endpoint(10*maxClaims-1)) != x || r.byEndpoint(endpoint(0)) != nil {
		t.Error("it does not hold the latest ones")
	}
	r.remove(x)
	if len(r.endpoints) != 0 || len(r.sessions) != 0 {
		t.Errorf("%d endpoints and %d sessions are left", len(r.endpoints), len(r.sessions))
	}
}

func TestSessionsAreFoundByTheWholeID(t *testing.T) {
	r := newRegistry()
	x := &Session{id: randomSession()}
	r.add(x)
	near := x.id
	near[15] ^= 1 // the same handle
	if r.byID(x.id) != x || r.byID(near) != nil {
		t.Error("an id that differs after the handle finds the session, or its own does not")
	}
	if r.add(&Session{id: near}) {
		t.Error("two sessions share a virtual address")
	}
}

func TestVirtualAddressesLeadBack(t *testing.T) {
	session := randomSession()
	if h, ok := handleIn(handleOf(session).addr()); !ok || h != handleOf(session) {
		t.Error("a virtual address does not lead back to its session")
	}
	for _, endpoint := range []string{"198.51.100.1:1", "[2001:db8::1]:1", "[fd00::1]:1"} {
		if _, ok := handleIn(udpAddr(endpoint)); ok {
			t.Errorf("%v passes for a virtual address", endpoint)
		}
	}
}
