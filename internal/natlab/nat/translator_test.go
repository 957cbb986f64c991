package nat

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

const (
	alice      = "192.168.1.2:5000"
	bob        = "192.168.1.3:5000"
	outsideIP  = "198.51.100.1"
	server     = "203.0.113.1:3478"
	serverPort = "203.0.113.1:3479" // another port of the server
	stranger   = "203.0.113.2:3478"
)

// A bench is a NAT under test with a clock of its own.
type bench struct {
	t   *testing.T
	nat *Translator
	now time.Time
}

func newBench(t *testing.T, b Behaviour) *bench {
	t.Helper()
	nat, err := New(b, netip.MustParseAddr(outsideIP), netip.MustParseAddr("192.168.1.1"), rand.NewPCG(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t, nat, time.Unix(1_000_000, 0)}
}

func (b *bench) pass(d time.Duration) { b.now = b.now.Add(d) }

// translate checks what holds for every packet that leaves a NAT.
func (b *bench) translate(from Side, in []byte) ([]byte, Drop) {
	b.t.Helper()
	out, drop := b.nat.Translate(b.now, from, bytes.Clone(in))
	if out == nil {
		return nil, drop
	}
	if wrong := wrongChecksums(out); wrong != "" {
		b.t.Errorf("%s from side %d: %s", route(in), from, wrong)
	}
	if drop == Forwarded && out[ipTTL] != in[ipTTL]-1 {
		b.t.Errorf("TTL %d became %d", in[ipTTL], out[ipTTL])
	}
	return out, drop
}

// observed sends a packet out and returns the source it leaves with.
func (b *bench) observed(from, to string) endpoint {
	b.t.Helper()
	out, drop := b.translate(Inside, udp(from, to, "question"))
	if drop != Forwarded {
		b.t.Fatalf("%s > %s: %v", from, to, drop)
	}
	if got := mustParse(out); got.destination() != at(to) || got.source().addr != at(outsideIP+":0").addr {
		b.t.Fatalf("%s > %s left as %s", from, to, route(out))
	}
	return mustParse(out).source()
}

// arrives reports whether a packet from outside comes in, which has to be for the right inside endpoint then.
func (b *bench) arrives(from string, to endpoint, inside string) bool {
	b.t.Helper()
	out, drop := b.translate(Outside, udp(from, to.String(), "answer"))
	if drop == Forwarded && route(out) != from+" > "+inside {
		b.t.Errorf("%s > %v came in as %s, want it for %s", from, to, route(out), inside)
	}
	return drop == Forwarded
}

// Every combination of mapping, filtering and allocation, observed as RFC 5780 does.
func TestEveryCombinationBehavesAsItsNamesSay(t *testing.T) {
	for mapping := EIM; mapping <= APDM; mapping++ {
		for filtering := EIF; filtering <= APDF; filtering++ {
			for allocation := Preserving; allocation <= Random; allocation++ {
				behaviour := Behaviour{Mapping: mapping, Filtering: filtering, Allocation: allocation}
				t.Run(behaviour.String(), func(t *testing.T) {
					checkMapping(t, behaviour)
					checkFiltering(t, behaviour)
					checkAllocation(t, behaviour)
				})
			}
		}
	}
}

func checkMapping(t *testing.T, behaviour Behaviour) {
	b := newBench(t, behaviour)
	first := b.observed(alice, server)
	if again := b.observed(alice, server); again != first {
		t.Errorf("mapping %v became %v", first, again)
	}
	if got, want := b.observed(alice, serverPort) == first, behaviour.Mapping <= ADM; got != want {
		t.Errorf("same mapping for another port: %v, want %v", got, want)
	}
	if got, want := b.observed(alice, stranger) == first, behaviour.Mapping == EIM; got != want {
		t.Errorf("same mapping for another address: %v, want %v", got, want)
	}
	if b.observed(bob, server) == first {
		t.Error("two inside endpoints share a mapping")
	}
	if got, want := b.nat.Counts(b.now), (Counts{Mappings: 2 + int(behaviour.Mapping), Flows: 4, Opened: 4}); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
}

func checkFiltering(t *testing.T, behaviour Behaviour) {
	b := newBench(t, behaviour)
	mapping := b.observed(alice, server)
	for from, want := range map[string]bool{
		server:     true,
		serverPort: behaviour.Filtering <= ADF,
		stranger:   behaviour.Filtering == EIF,
	} {
		if got := b.arrives(from, mapping, alice); got != want {
			t.Errorf("%s comes in: %v, want %v", from, got, want)
		}
	}
	mapping.port ^= 1
	if b.arrives(server, mapping, alice) {
		t.Error("a port that is not mapped accepts")
	}
}

func checkAllocation(t *testing.T, behaviour Behaviour) {
	b := newBench(t, behaviour)
	first, second := b.observed(alice, server).port, b.observed(bob, server).port
	if got, want := first == at(alice).port, behaviour.Allocation == Preserving; got != want {
		t.Errorf("port preserved: %v, want %v", got, want)
	}
	if got, want := second == first+1, behaviour.Allocation == Sequential; got != want {
		t.Errorf("ports %d and %d in sequence: %v, want %v", first, second, got, want)
	}
}

func TestSequenceIsCountedByProtocolAndMovedByEverybody(t *testing.T) {
	for _, step := range []int{1, 2, -3, 100_000} {
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			const first, size = 2000, 1000
			b := newBench(t, Behaviour{
				Mapping: APDM, Allocation: Sequential, Step: step, FirstPort: first, LastPort: first + size - 1,
			})
			port := int(b.observed(alice, server).port)
			b.translate(Inside, tcp(alice, server, flagSYN)) // moves another counter
			for i := range 2 * size / max(step, -step, 20) {
				next := int(b.observed(fmt.Sprintf("192.168.1.9:%d", 1+i), server).port)
				if want := first + ((port-first+step)%size+size)%size; next != want {
					t.Fatalf("port %d after %d, want %d", next, port, want)
				}
				port = next
			}
		})
	}
}

func TestMappingsAreConfinedToThePortBlockAndEndWithIt(t *testing.T) {
	for allocation := Preserving; allocation <= Random; allocation++ {
		t.Run(allocation.String(), func(t *testing.T) {
			b := newBench(t, Behaviour{Allocation: allocation, FirstPort: 5000, LastPort: 5063})
			seen := map[uint16]bool{}
			for i := range 64 {
				port := b.observed(fmt.Sprintf("192.168.1.9:%d", 4980+i), server).port
				if port < 5000 || port > 5063 || seen[port] {
					t.Errorf("port %d, outside the block or a second time", port)
				}
				seen[port] = true
			}
			if _, drop := b.translate(Inside, udp(alice, server, "")); drop != PortsExhausted {
				t.Errorf("one more: %v", drop)
			}
			if _, drop := b.translate(Inside, tcp(alice, server, flagSYN)); drop != Forwarded {
				t.Errorf("one more of another protocol: %v", drop)
			}
			b.pass(5 * time.Minute)
			b.observed(alice, server)
		})
	}
}

func TestTakenPortIsNotPreserved(t *testing.T) {
	b := newBench(t, Behaviour{})
	if first, second := b.observed(alice, server), b.observed(bob, server); first.port != 5000 || second.port == 5000 {
		t.Errorf("ports %d and %d, want 5000 and another", first.port, second.port)
	}
}

func TestUDPFlowTimesOut(t *testing.T) {
	const timeout = 10 * time.Second
	for name, c := range map[string]struct {
		behaviour Behaviour
		refresh   func(b *bench, mapping endpoint)
		survives  bool
	}{
		"without traffic":            {Behaviour{}, func(*bench, endpoint) {}, false},
		"with outbound traffic":      {Behaviour{}, func(b *bench, _ endpoint) { b.observed(alice, server) }, true},
		"with inbound traffic":       {Behaviour{}, func(b *bench, m endpoint) { b.arrives(server, m, alice) }, false},
		"with inbound refresh":       {Behaviour{InboundRefresh: true}, func(b *bench, m endpoint) { b.arrives(server, m, alice) }, true},
		"with traffic of a stranger": {Behaviour{}, func(b *bench, m endpoint) { b.arrives(stranger, m, alice) }, false},
		"refreshed by a stranger":    {Behaviour{InboundRefresh: true}, func(b *bench, m endpoint) { b.arrives(stranger, m, alice) }, true},
		"with rejected inbound only": {Behaviour{Filtering: APDF, InboundRefresh: true}, func(b *bench, m endpoint) { b.arrives(stranger, m, alice) }, false},
		"with an ICMP error about it": {Behaviour{InboundRefresh: true}, func(b *bench, m endpoint) {
			b.translate(Outside, icmpError(icmpTimeExceeded, "192.0.2.1:0", m.String(), udp(m.String(), server, "q"), 28))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c.behaviour.UDPTimeout = timeout
			b := newBench(t, c.behaviour)
			mapping := b.observed(alice, server)
			b.pass(timeout - 1)
			c.refresh(b, mapping)
			b.pass(timeout - 1)
			if got := b.arrives(server, mapping, alice); got != c.survives {
				t.Errorf("survives: %v, want %v", got, c.survives)
			}
			if got := b.nat.Counts(b.now).Mappings == 1; got != c.survives {
				t.Errorf("mapping held: %v, want %v", got, c.survives)
			}
		})
	}
}

// A mapping outlives one of its flows, but then no longer admits that flow's remote endpoint.
func TestPermissionsTimeOutOneByOne(t *testing.T) {
	b := newBench(t, Behaviour{Filtering: ADF, UDPTimeout: 10 * time.Second})
	mapping := b.observed(alice, server)
	b.pass(6 * time.Second)
	b.observed(alice, stranger)
	if !b.arrives(serverPort, mapping, alice) {
		t.Error("another port of the server does not come in")
	}
	b.pass(6 * time.Second)
	if b.arrives(serverPort, mapping, alice) || b.arrives(server, mapping, alice) {
		t.Error("the server still comes in")
	}
	if !b.arrives(stranger, mapping, alice) {
		t.Error("the other one does not come in any more")
	}
}

func TestChangedTimeoutAppliesToExistingFlows(t *testing.T) {
	b := newBench(t, Behaviour{})
	mapping := b.observed(alice, server)
	b.nat.SetUDPTimeout(time.Second)
	b.pass(time.Second)
	if b.arrives(server, mapping, alice) {
		t.Error("still there")
	}
}

func TestHairpin(t *testing.T) {
	t.Run("absent", func(t *testing.T) {
		b := newBench(t, Behaviour{})
		bobAt := b.observed(bob, server)
		if _, drop := b.translate(Inside, udp(alice, bobAt.String(), "")); drop != NoHairpin {
			t.Errorf("%v", drop)
		}
	})
	for filtering := EIF; filtering <= APDF; filtering++ {
		t.Run(filtering.String(), func(t *testing.T) {
			b := newBench(t, Behaviour{Hairpin: true, Filtering: filtering})
			aliceAt, bobAt := b.observed(alice, server), b.observed(bob, server)
			out, drop := b.translate(Inside, udp(alice, bobAt.String(), "first"))
			if got, want := drop == Forwarded, filtering == EIF; got != want {
				t.Errorf("first packet: %v", drop)
			} else if want := aliceAt.String() + " > " + bob; got && route(out) != want {
				t.Errorf("arrived as %s, want %s", route(out), want)
			}
			out, drop = b.translate(Inside, udp(bob, aliceAt.String(), "answer"))
			if want := bobAt.String() + " > " + alice; drop != Forwarded || route(out) != want {
				t.Errorf("answer: %v", drop)
			}
		})
	}
}

func TestSessionLimitKeepsOutNewFlowsOnly(t *testing.T) {
	b := newBench(t, Behaviour{SessionLimit: 2, UDPTimeout: time.Minute})
	mapping := b.observed(alice, server)
	b.observed(alice, stranger)
	if _, drop := b.translate(Inside, udp(bob, server, "")); drop != SessionLimited {
		t.Errorf("a third flow from inside: %v", drop)
	}
	if b.arrives(serverPort, mapping, alice) {
		t.Error("a third flow from outside was opened")
	}
	if !b.arrives(server, mapping, alice) || b.observed(alice, server) != mapping {
		t.Error("an open flow does not work any more")
	}
	if got := b.nat.Dropped(SessionLimited); got != 2 {
		t.Errorf("%d counted, want 2", got)
	}
	b.pass(time.Minute)
	b.observed(bob, server)
}

func TestStrikeShutsOutTheWholeAddressForAWhile(t *testing.T) {
	const strike = 30 * time.Second
	b := newBench(t, Behaviour{Filtering: APDF, Strike: strike})
	mapping := b.observed(alice, server)
	other := b.observed(alice, stranger)
	b.arrives(serverPort, mapping, alice) // unsolicited
	if b.arrives(server, mapping, alice) {
		t.Error("the address is still let in")
	}
	if !b.arrives(stranger, other, alice) {
		t.Error("another address is shut out as well")
	}
	b.pass(strike - 1)
	if b.arrives(server, mapping, alice) {
		t.Error("let in too early")
	}
	b.pass(1)
	if !b.arrives(server, mapping, alice) {
		t.Error("still shut out: further packets must not prolong it")
	}
	if got := b.nat.Dropped(Struck); got != 2 {
		t.Errorf("%d counted, want 2", got)
	}
}

func TestUDPBlockedPassesTheRest(t *testing.T) {
	b := newBench(t, Behaviour{UDPBlocked: true})
	if _, drop := b.translate(Inside, udp(alice, server, "")); drop != UDPDisallowed {
		t.Errorf("UDP: %v", drop)
	}
	for name, packet := range map[string][]byte{
		"TCP": tcp(alice, server, flagSYN), "echo": echo(icmpEchoRequest, alice, "203.0.113.1:0"),
	} {
		if _, drop := b.translate(Inside, packet); drop != Forwarded {
			t.Errorf("%s: %v", name, drop)
		}
	}
}

func TestForgetLosesMappingsAndStrikes(t *testing.T) {
	b := newBench(t, Behaviour{Filtering: APDF, Strike: time.Hour})
	mapping := b.observed(alice, server)
	b.arrives(stranger, mapping, alice)
	b.nat.Forget()
	if b.arrives(server, mapping, alice) {
		t.Error("the mapping is still there")
	}
	b.nat.Forget() // the strike that this was
	again := b.observed(alice, server)
	if !b.arrives(server, again, alice) {
		t.Error("the strike is still there")
	}
	if got, want := b.nat.Counts(b.now), (Counts{Mappings: 1, Flows: 1, Opened: 2}); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
}

func TestNewOutsideAddress(t *testing.T) {
	b := newBench(t, Behaviour{})
	old := b.observed(alice, server)
	b.nat.SetOutside(netip.MustParseAddr("198.51.100.9"))
	if _, drop := b.translate(Outside, udp(server, old.String(), "")); drop != Misdirected {
		t.Errorf("to the old address: %v", drop)
	}
	out, _ := b.translate(Inside, udp(alice, server, ""))
	if want := "198.51.100.9:5000 > " + server; route(out) != want {
		t.Errorf("left as %s, want %s", route(out), want)
	}
}

func TestImpossibleBehaviourIsAnError(t *testing.T) {
	for _, behaviour := range []Behaviour{
		{Mapping: 3}, {Filtering: -1}, {Allocation: 9}, {FirstPort: 20, LastPort: 10}, {LastPort: 100},
		{Step: 2}, {UDPTimeout: -1}, {Strike: -1}, {SessionLimit: -1},
	} {
		if _, err := New(behaviour, netip.MustParseAddr(outsideIP), netip.MustParseAddr(outsideIP), rand.NewPCG(1, 2)); err == nil {
			t.Errorf("%v accepted", behaviour)
		}
	}
	if _, err := New(Behaviour{}, netip.MustParseAddr("::1"), netip.MustParseAddr(outsideIP), rand.NewPCG(1, 2)); err == nil {
		t.Error("IPv6 accepted")
	}
}

func BenchmarkTranslate(b *testing.B) {
	nat, err := New(Behaviour{Mapping: APDM, Filtering: APDF}, netip.MustParseAddr(outsideIP),
		netip.MustParseAddr("192.168.1.1"), rand.NewPCG(1, 2))
	if err != nil {
		b.Fatal(err)
	}
	now := time.Unix(1_000_000, 0)
	template := udp(alice, server, string(make([]byte, 1200)))
	buffer := make([]byte, len(template))
	b.ReportAllocs()
	for b.Loop() {
		copy(buffer, template)
		if _, drop := nat.Translate(now, Inside, buffer); drop != Forwarded {
			b.Fatal(drop)
		}
	}
}
