package rendezvous

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"peerd/wire"
)

// TestMappedCandidatesAreThePeersOwn proves that a peer cannot have others probe a
// victim by saying that a router forwards a port of the victim's to it.
func TestMappedCandidatesAreThePeersOwn(t *testing.T) {
	s := startServer(t)
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	observed := alice.observed()
	here := observed.Endpoint.Addr().String()
	uncertified := uint64(0)
	for _, c := range []struct {
		name, addr string
		passedOn   bool
	}{
		{"where the peer is seen", here, true},
		{"on the private outside of a router behind another", "192.168.7.2", true},
		{"on the outside of a router behind a carrier's NAT", "100.64.3.4", true},
		{"on a router with private IPv6 addresses", "fd00::7", true},
		{"at somebody else's address", "198.51.100.66", false},
		{"at somebody else's IPv6 address", "2001:db8::66", false},
		{"at a cloud's metadata service", "169.254.169.254", false},
		{"at everybody's", "255.255.255.255", false},
		{"at a multicast group", "224.0.0.251", false},
		{"at the receiver's own services", "127.0.0.9", false},
		{"at an IPv4 address in IPv6 clothes", "2002:c633:6442::1", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			mapped := candidatesOf(wire.CandidateMapped, c.addr, 6000, 1)[0]
			_, bobs := alice.talkTo(bob, wire.Talk{Candidates: []wire.Candidate{mapped, observed}})
			if got := slices.Contains(bobs.Candidates, mapped); got != c.passedOn {
				t.Errorf("bob learns %v; the mapped one in it: want %v", bobs.Candidates, c.passedOn)
			}
			if !c.passedOn {
				uncertified++
			}
			if got := s.counters.uncertified.Load(); got != uncertified {
				t.Errorf("%d candidates counted as uncertified, want %d", got, uncertified)
			}
		})
	}
}

// TestMappedCandidateWithoutUDP proves that the control connection shows well
// enough where a peer is: its router may forward what it does not let out.
func TestMappedCandidateWithoutUDP(t *testing.T) {
	s := startServer(t)
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	mapped := candidatesOf(wire.CandidateMapped, alice.source().Endpoint.Addr().String(), 6000, 1)[0]
	_, bobs := alice.talkTo(bob, wire.Talk{Candidates: []wire.Candidate{mapped}})
	if !slices.Contains(bobs.Candidates, mapped) {
		t.Errorf("bob learns %v, want %v in it", bobs.Candidates, mapped)
	}
}

// TestCandidatesAreToldInOrderOfUse proves that whoever has room for a few only
// can take the first.
func TestCandidatesAreToldInOrderOfUse(t *testing.T) {
	s := startServer(t)
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	bob.showUDP()
	observed := alice.observed()
	local4 := candidatesOf(wire.CandidateLocal, "192.168.1.2", 4000, 2)
	local6 := candidatesOf(wire.CandidateLocal, "2001:db8::1", 4000, 1)
	mapped := candidatesOf(wire.CandidateMapped, "192.168.7.2", 6000, 1)
	_, bobs := alice.talkTo(bob, wire.Talk{Candidates: slices.Concat(local4, local6, mapped, []wire.Candidate{observed})})
	observed.Cookie = wire.Cookie{}
	want := slices.Concat([]wire.Candidate{observed}, mapped, local6, local4)
	if !slices.Equal(bobs.Candidates, want) {
		t.Errorf("bob learns %v, want %v", bobs.Candidates, want)
	}
}

// TestThousandsOfCandidatesEndTheConnection proves that who names more than
// anybody can have is cut off, whether the frame holds them or not, and that
// nothing of it is passed on.
func TestThousandsOfCandidatesEndTheConnection(t *testing.T) {
	for name, count := range map[string]int{"nine": 9, "as many as fit in a frame": 6000, "ten thousand": 10_000} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t)
			alice, bob := join(t, s, "alice"), join(t, s, "bob")
			_, _ = alice.conn.Write(endpointsFrame(count)) // it may be cut off before it has said all
			alice.awaitEnd()
			bob.awaitRow(alice.key(), offline)
			alice.login(wire.Hello{})
			own, _ := bob.talkTo(alice, wire.Talk{})
			if slices.ContainsFunc(own.Candidates, func(c wire.Candidate) bool { return c.Kind == wire.CandidateLocal }) {
				t.Errorf("bob learns %v", own.Candidates)
			}
		})
	}
}

// endpointsFrame is what wire refuses to encode: an Endpoints with any number of
// local candidates, as SPEC.md lays it out.
func endpointsFrame(candidates int) []byte {
	var body []byte
	for i := range candidates {
		body = append(body, 0x0a, 10, 0x0a, 6, 198, 51, 100, 66)
		body = binary.BigEndian.AppendUint16(body, uint16(i+1))
		body = append(body, 0x10, byte(wire.CandidateLocal))
	}
	header := binary.BigEndian.AppendUint32(nil, uint32(wire.KindEndpoints)<<24|uint32(len(body)))
	return append(header, body...)
}

// TestEndpointsFrameIsOne proves that the frame above is refused for its number of
// candidates and nothing else.
func TestEndpointsFrameIsOne(t *testing.T) {
	m, err := wire.ParseEndpoints(endpointsFrame(wire.MaxCandidates)[wire.FrameHeaderSize:])
	victim := netip.MustParseAddrPort("198.51.100.66:8")
	if err != nil || len(m.Candidates) != wire.MaxCandidates || m.Candidates[7].Endpoint != victim {
		t.Errorf("decoded %+v, %v", m, err)
	}
}
