package rendezvous

import (
	"crypto/rand"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"peerd/wire"
)

var (
	firstLoopback  = netip.MustParseAddr("127.0.0.1")
	secondLoopback = netip.MustParseAddr("127.0.0.2")
)

// besides makes a rendezvous observe from a second address.
func besides(second netip.Addr) func(*Config) {
	return func(c *Config) { c.SecondAddresses = []string{second.String()} }
}

// atAddr returns an endpoint of the client's rendezvous.
func (c *client) atAddr(addr netip.Addr, p port) netip.AddrPort {
	return netip.AddrPortFrom(addr, c.at.Port()+uint16(p))
}

// loginTo sends a Login and returns the Accept and where it came from.
func (c *client) loginTo(to netip.AddrPort, change wire.Change) (wire.Accept, netip.AddrPort) {
	c.t.Helper()
	login := wire.Login{Change: change}
	_, _ = rand.Read(login.TransactionID[:])
	answer, from := c.exchange(login.Append(nil), to)
	accept, err := wire.ParseAccept(answer)
	if err != nil || accept.TransactionID != login.TransactionID {
		c.t.Fatalf("answer to a login at %v: %+v, %v", to, accept, err)
	}
	return accept, from
}

// exchange sends a datagram and returns the next one that arrives, and from where.
func (c *client) exchange(question []byte, to netip.AddrPort) ([]byte, netip.AddrPort) {
	c.t.Helper()
	if _, err := c.socket().WriteToUDPAddrPort(question, to); err != nil {
		c.t.Fatal(err)
	}
	_ = c.socket().SetReadDeadline(time.Now().Add(hangGuard))
	buffer := make([]byte, 4096)
	n, from, err := c.socket().ReadFromUDPAddrPort(buffer)
	if err != nil {
		c.t.Fatalf("await an answer of %v: %v", to, err)
	}
	return buffer[:n], from
}

// TestObservesFromFourEndpoints proves that each of the two ports at each of the
// two addresses answers, and for each of the others when that is asked for.
func TestObservesFromFourEndpoints(t *testing.T) {
	for _, listen := range []string{"127.0.0.1:0", "0.0.0.0:0"} {
		t.Run("listening on "+listen, func(t *testing.T) {
			s := startServer(t, besides(secondLoopback), func(c *Config) { c.Listen = listen })
			first := firstLoopback
			if s.Addr().Addr().IsUnspecified() {
				first = s.addresses.v4.first
			}
			c := newClient(t, s)
			for _, p := range []port{mainPort, otherPort} {
				for asked, other := range map[netip.Addr]netip.Addr{first: secondLoopback, secondLoopback: first} {
					checkChanges(t, c, asked, other, p)
				}
			}
		})
	}
}

func checkChanges(t *testing.T, c *client, asked, other netip.Addr, p port) {
	t.Helper()
	for change, want := range map[wire.Change]netip.AddrPort{
		{}:                          c.atAddr(asked, p),
		{Port: true}:                c.atAddr(asked, otherPort-p),
		{Address: true}:             c.atAddr(other, p),
		{Address: true, Port: true}: c.atAddr(other, otherPort-p),
	} {
		accept, from := c.loginTo(c.atAddr(asked, p), change)
		if from != want || accept.OtherAddr != other || accept.OtherPort != c.at.Port()+1 {
			t.Errorf("login to %v with %+v: answered by %v, other address %v, other port %d; want %v, %v",
				c.atAddr(asked, p), change, from, accept.OtherAddr, accept.OtherPort, want, other)
		}
		answer, from := c.exchange(wire.BindingRequest{Change: change}.Append(nil), c.atAddr(asked, p))
		response, err := wire.ParseBindingResponse(answer)
		if err != nil || from != want || response.Origin != want || response.Other != c.atAddr(other, otherPort-p) {
			t.Errorf("binding request to %v with %+v: answered %+v, %v by %v, want %v",
				c.atAddr(asked, p), change, response, err, from, want)
		}
	}
}

// TestWithOneAddressNothingComesFromAnother proves that what cannot be done is not
// answered at all: an answer from the wrong address would tell of a NAT that
// lets in what it does not.
func TestWithOneAddressNothingComesFromAnother(t *testing.T) {
	s := startServer(t)
	c := newClient(t, s)
	for _, question := range [][]byte{
		wire.Login{Change: wire.Change{Address: true}}.Append(nil),
		wire.BindingRequest{Change: wire.Change{Address: true, Port: true}}.Append(nil),
	} {
		if _, err := c.socket().WriteToUDPAddrPort(question, udpAddr(s, mainPort)); err != nil {
			t.Fatal(err)
		}
	}
	accept, from := c.loginTo(udpAddr(s, mainPort), wire.Change{}) // fails when another answer comes first
	if accept.OtherAddr.IsValid() || from != udpAddr(s, mainPort) {
		t.Errorf("%v answers and names another address %v", from, accept.OtherAddr)
	}
	answer, _ := c.exchange(wire.BindingRequest{}.Append(nil), udpAddr(s, mainPort))
	if response, err := wire.ParseBindingResponse(answer); err != nil || response.Origin.IsValid() || response.Other.IsValid() {
		t.Errorf("a plain answer is %+v, %v", response, err)
	}
}

// TestLoginsAreNotRationed proves that a household behind one address, or twenty
// behind a carrier's, can all be told about their NATs at once.
func TestLoginsAreNotRationed(t *testing.T) {
	c := newClient(t, startServer(t, besides(secondLoopback)))
	for range 20 * 10 {
		c.loginTo(c.at, wire.Change{Address: true, Port: true})
	}
}

// TestOnlyThePlaceOfLoginMakesRelayEndpoints proves that what the other port and
// the other address have seen is passed on, but nothing is relayed there: it
// would come from where the peer's NAT knows nobody.
func TestOnlyThePlaceOfLoginMakesRelayEndpoints(t *testing.T) {
	s := startServer(t, besides(secondLoopback), func(c *Config) { c.Listen = "0.0.0.0:0" })
	for place, other := range map[netip.Addr]netip.Addr{firstLoopback: secondLoopback, secondLoopback: firstLoopback} {
		alice, bob := newClient(t, s), newClient(t, s)
		for name, c := range map[string]*client{"alice at ": alice, "bob at ": bob} {
			c.at = netip.AddrPortFrom(place, s.Addr().Port())
			c.login(wire.Hello{Name: name + place.String(), Token: token(t, s, 1)})
		}
		for _, seen := range []struct {
			by     netip.AddrPort
			relays bool
		}{
			{bob.atAddr(place, mainPort), true},
			{bob.atAddr(place, otherPort), false},
			{bob.atAddr(other, mainPort), false},
			{bob.atAddr(other, otherPort), false},
		} {
			accept, _ := bob.loginTo(seen.by, wire.Change{})
			bob.send(wire.Endpoints{}, wire.Endpoints{Candidates: []wire.Candidate{
				{Endpoint: accept.Observed, Kind: wire.CandidateObserved, Cookie: accept.Cookie},
			}}, wire.Ping{Nonce: 1})
			await[wire.Pong](bob)
			own, _ := alice.talkTo(bob, wire.Talk{})
			if !slices.Contains(own.Candidates, wire.Candidate{Endpoint: accept.Observed, Kind: wire.CandidateObserved}) {
				t.Errorf("logged in to %v, seen by %v: introduced with %v", place, seen.by, own.Candidates)
			}
			if _, endpoints := s.relay.count(); (endpoints == 1) != seen.relays {
				t.Errorf("logged in to %v, seen by %v: %d relay endpoints", place, seen.by, endpoints)
			}
		}
	}
}

// TestRelayedDatagramsKeepComingFromThePlaceOfLogin proves that a peer which asks
// the second address about its NAT still gets relayed datagrams from the first.
func TestRelayedDatagramsKeepComingFromThePlaceOfLogin(t *testing.T) {
	s := startServer(t, besides(secondLoopback), func(c *Config) { c.Listen = "0.0.0.0:0" })
	alice, bob := newClient(t, s), newClient(t, s)
	for name, c := range map[string]*client{"alice": alice, "bob": bob} {
		c.at = netip.AddrPortFrom(firstLoopback, s.Addr().Port())
		c.login(wire.Hello{Name: name, Token: token(t, s, 1), Candidates: []wire.Candidate{c.observed()}})
	}
	introduction, _ := alice.talkTo(bob, wire.Talk{})
	bob.loginTo(bob.atAddr(secondLoopback, mainPort), wire.Change{})
	alice.relay(introduction.Session, []byte("hello"), true)
	_ = bob.socket().SetReadDeadline(time.Now().Add(hangGuard))
	if _, from, err := bob.socket().ReadFromUDPAddrPort(make([]byte, 100)); err != nil || from != bob.at {
		t.Errorf("relayed from %v, %v; want %v", from, err, bob.at)
	}
}

func TestFindAddresses(t *testing.T) {
	wildcard := netip.IPv4Unspecified()
	for _, c := range []struct {
		name      string
		listening netip.Addr
		wishes    []string
		second    netip.Addr
		fails     string
	}{
		{"the one that is named", firstLoopback, []string{"127.0.0.2"}, secondLoopback, ""},
		{"named in IPv6 clothes", firstLoopback, []string{"::ffff:127.0.0.2"}, secondLoopback, ""},
		{"named, when we listen on all", wildcard, []string{"127.0.0.2"}, secondLoopback, ""},
		{"none", wildcard, []string{NoSecondAddress}, netip.Addr{}, ""},
		{"nothing said, one address", firstLoopback, nil, netip.Addr{}, ""},
		{"a name", firstLoopback, []string{"rv.example"}, netip.Addr{}, "want an IP address"},
		{"somebody else's", firstLoopback, []string{"198.51.100.66"}, netip.Addr{}, "no address of this machine"},
		{"the first one again", firstLoopback, []string{"127.0.0.1"}, netip.Addr{}, "no first address"},
		{"two of a family", firstLoopback, []string{"127.0.0.2", "127.0.0.3"}, netip.Addr{}, "already"},
		{"none and another", firstLoopback, []string{NoSecondAddress, "127.0.0.2"}, netip.Addr{}, "want an IP address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, err := findAddresses(Config{SecondAddresses: c.wishes}, c.listening)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("error is %v, want one that says %q", err, c.fails)
				}
				return
			}
			if err != nil || found.v4.second != c.second {
				t.Errorf("found %+v, %v; want %v", found, err, c.second)
			}
		})
	}
}

func TestPublicPair(t *testing.T) {
	for _, c := range []struct {
		name, first, second string
		known               []string
	}{
		{"two public ones", "203.0.113.1", "203.0.113.2", []string{"203.0.113.1", "203.0.113.2", "203.0.113.3"}},
		{"public ones among others", "203.0.113.1", "198.51.100.2",
			[]string{"10.0.0.1", "203.0.113.1", "2001:db8::1", "172.17.0.1", "100.64.0.1", "169.254.1.1", "127.0.0.1", "198.51.100.2"}},
		{"one public one is no pair", "", "", []string{"203.0.113.1", "10.0.0.1", "2001:db8::1", "2001:db8::2"}},
		{"nothing", "", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var known []netip.Addr
			for _, text := range c.known {
				known = append(known, netip.MustParseAddr(text))
			}
			first, _ := netip.ParseAddr(c.first)
			second, _ := netip.ParseAddr(c.second)
			if got := publicPair(known); got != (addressPair{first, second}) {
				t.Errorf("found %v", got)
			}
		})
	}
}
