package classic

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

const home = "198.51.100.1" // the address of everybody behind one router

// turns is a story about the newcomers of one address.
type turns struct {
	t *testing.T
	n *newcomers
}

func (s turns) login(name string, at time.Duration) {
	s.n.add(somebody(s.t, name, home, start.Add(at)))
}

// accepted checks who is told Accept at a moment, fetched whose list is fetched.
func (s turns) accepted(want string, at time.Duration) {
	s.t.Helper()
	s.is("told Accept", s.n.next(netip.MustParseAddr(home), start.Add(at)), want)
}

func (s turns) fetched(want string, at time.Duration) {
	s.t.Helper()
	s.is("given the list", s.n.take(netip.MustParseAddr(home), start.Add(at)), want)
}

func (s turns) is(what string, u *user, want string) {
	s.t.Helper()
	got := "nobody"
	if u != nil {
		got = u.name
	}
	if got != want {
		s.t.Fatalf("%s is %s, want %s", got, what, want)
	}
}

func TestNewcomersOfOneAddress(t *testing.T) {
	const rtt = 50 * time.Millisecond
	for name, story := range map[string]func(turns){
		"two at once come in one after the other": func(s turns) {
			s.login("alice", 0)
			s.accepted("alice", 0)
			s.login("bob", 0)
			s.accepted("nobody", 0)
			s.fetched("alice", rtt)
			s.fetched("nobody", rtt) // bob cannot know the port yet
			s.accepted("bob", rtt)
			s.fetched("bob", 2*rtt)
			s.accepted("nobody", 2*rtt)
		},
		"one that never fetches holds up the others for its turn": func(s turns) {
			s.login("mallory", 0)
			s.login("alice", 0)
			s.accepted("mallory", 0)
			s.accepted("nobody", turn-1)
			s.accepted("alice", turn)
			s.fetched("alice", turn+rtt)
		},
		"one that is slow can still fetch": func(s turns) {
			s.login("alice", 0)
			s.login("bob", 0)
			s.accepted("alice", 0)
			s.accepted("bob", turn)
			s.fetched("bob", turn+rtt)
			s.fetched("alice", fetchWithin)
		},
		"one that is too slow cannot": func(s turns) {
			s.login("alice", 0)
			s.accepted("alice", 0)
			s.fetched("nobody", fetchWithin+1)
		},
		"a repeated login is answered again in its turn": func(s turns) {
			s.login("alice", 0)
			s.login("bob", 0)
			s.accepted("alice", 0)
			s.login("alice", time.Second)
			s.accepted("alice", time.Second)
			s.login("bob", time.Second)
			s.accepted("nobody", time.Second)
			s.fetched("alice", time.Second+rtt)
			s.accepted("bob", time.Second+rtt)
		},
		"there are only so many, and the oldest gives way": func(s turns) {
			for i := range maxNewcomersPerAddress + 1 {
				s.login(fmt.Sprintf("user%d", i), 0)
			}
			s.accepted("user1", 0)
		},
	} {
		t.Run(name, func(t *testing.T) { story(turns{t, newNewcomers()}) })
	}
}

func TestForgedLoginsCostBoundedMemory(t *testing.T) {
	n := newNewcomers()
	address := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1}) }
	const sources = 2 * maxNewcomers / maxNewcomersPerAddress
	for i := range sources {
		for j := range maxNewcomersPerAddress + 1 {
			n.add(somebody(t, fmt.Sprintf("user%d", j), address(i).String(), start))
		}
	}
	left := 0
	for at := range n.addresses() {
		left += len(n.byAddress[at].Value.(*arrivals).users)
	}
	if left != n.count || n.count > maxNewcomers || n.count < maxNewcomers-maxNewcomersPerAddress || n.order.Len() != len(n.byAddress) {
		t.Errorf("%d wait, %d are counted, %d and %d addresses", left, n.count, n.order.Len(), len(n.byAddress))
	}
	if n.next(address(sources-1), start) == nil {
		t.Error("the latest gave way")
	}
	if n.next(address(0), start) != nil {
		t.Error("the oldest did not give way")
	}
	for at := range n.addresses() {
		for n.take(at, start) != nil || n.next(at, start) != nil {
		}
	}
	if n.count != 0 || n.order.Len() != 0 || len(n.byAddress) != 0 {
		t.Errorf("%d are left, at %d addresses", n.count, n.order.Len())
	}
}
