package peer

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"peerd/wire"
)

var (
	classicStart = time.Date(2026, 11, 21, 3, 21, 9, 0, time.UTC)
	atHome       = netip.MustParseAddrPort("203.0.113.7:41641") // where we are observed
)

// quietClassic is what a daemon that takes part knows before it is told of users.
func quietClassic() *classic {
	return &classic{wanted: true, names: map[wire.Key]string{}, users: map[wire.Key]*classicUser{}}
}

// classicRow is a user whose program listens on port 9000 and sends from 1.
func classicRow(name, address string) wire.ClassicRow {
	at := netip.MustParseAddr(address)
	return wire.ClassicRow{Name: name, Endpoint: netip.AddrPortFrom(at, 9000), Source: netip.AddrPortFrom(at, 1)}
}

// openings returns what is opened one after the other from now on, until there is
// nothing due.
func (c *classic) openings(now time.Time) (opened []netip.AddrPort, wait time.Duration) {
	for {
		endpoint, wait := c.nextOpening(atHome, now)
		if wait > 0 {
			return opened, wait
		}
		opened = append(opened, endpoint)
	}
}

func TestRouterIsOpenedForWhereAUserListensAndSends(t *testing.T) {
	c := quietClassic()
	if opened, wait := c.openings(classicStart); len(opened) > 0 || wait != openEvery {
		t.Errorf("for nobody, opened %v, wait %v", opened, wait)
	}
	dave := classicRow("dave", "198.51.100.1")
	c.apply(wire.ClassicUsers{Whole: true, Online: []wire.ClassicRow{dave}}, classicStart)
	opened, wait := c.openings(classicStart)
	if len(opened) != 2 || opened[0] == opened[1] || wait != openEvery {
		t.Errorf("opened %v, wait %v", opened, wait)
	}
	if again, wait := c.openings(classicStart.Add(time.Second)); len(again) > 0 || wait != openEvery-time.Second {
		t.Errorf("a second later opened %v, wait %v", again, wait)
	}
	if again, _ := c.openings(classicStart.Add(openEvery)); len(again) != 2 {
		t.Errorf("when it is due again opened %v", again)
	}
	dave.Source = netip.AddrPort{} // behind a NAT now
	c.apply(wire.ClassicUsers{Online: []wire.ClassicRow{dave}}, classicStart)
	if again, _ := c.openings(classicStart.Add(2 * openEvery)); len(again) != 1 || again[0] != dave.Endpoint {
		t.Errorf("after another login opened %v", again)
	}
	c.apply(wire.ClassicUsers{Gone: []string{"dave"}}, classicStart)
	if again, _ := c.openings(classicStart.Add(3 * openEvery)); len(again) > 0 {
		t.Errorf("for somebody who is gone, opened %v", again)
	}
}

func TestRouterIsOpenedForFewOfManyAndForFriendsFirst(t *testing.T) {
	c := quietClassic()
	for i := range 3 * maxOpened {
		c.apply(wire.ClassicUsers{Online: []wire.ClassicRow{classicRow(fmt.Sprintf("user%d", i), "198.51.100.1")}}, classicStart)
	}
	friend := classicRow("friend", "198.51.100.2")
	c.put(friend, classicStart.Add(-time.Hour)) // who came first of all
	c.spokeWith(classicKey("friend"), netip.Addr{}, classicStart)
	for round := range 2 {
		opened, _ := c.openings(classicStart.Add(time.Duration(round) * openEvery))
		toFriend := 0
		for _, endpoint := range opened {
			if endpoint.Addr() == friend.Endpoint.Addr() {
				toFriend++
			}
		}
		if len(opened) != maxOpened || toFriend != 2 {
			t.Errorf("round %d: opened %d, %d for the friend; want %d and 2", round, len(opened), toFriend, maxOpened)
		}
	}
}

// The rendezvous must not make us send into our own network.
func TestOnlyWhatIsAsFarAwayAsWeAreSeenIsReached(t *testing.T) {
	for _, c := range []struct {
		name, user, observed string
		want                 bool
	}{
		{"on the internet, as we", "198.51.100.1:9", "203.0.113.7:1", true},
		{"in the rendezvous' network, as we", "192.168.1.20:9", "192.168.1.7:1", true},
		{"on the rendezvous' host, as we", "127.0.0.1:9", "127.0.0.1:1", true},
		{"in our network, as somebody on the internet says", "192.168.1.1:80", "203.0.113.7:1", false},
		{"on our host, as somebody on the internet says", "127.0.0.1:53", "203.0.113.7:1", false},
		{"everybody in our network", "255.255.255.255:9", "203.0.113.7:1", false},
		{"a multicast group", "224.0.0.251:5353", "203.0.113.7:1", false},
		{"a cloud's metadata service", "169.254.169.254:80", "169.254.1.1:1", false},
	} {
		if got := mayReach(netip.MustParseAddrPort(c.user), netip.MustParseAddrPort(c.observed)); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if mayReach(atHome, netip.AddrPort{}) {
		t.Error("we reach somebody without being seen anywhere")
	}
	c := quietClassic()
	c.apply(wire.ClassicUsers{Online: []wire.ClassicRow{classicRow("dave", "192.168.1.1"), classicRow("erin", "224.0.0.251")}}, classicStart)
	if opened, _ := c.openings(classicStart); len(opened) > 0 {
		t.Errorf("opened %v", opened)
	}
}

func TestAnotherRouterIsOpenedAtOnce(t *testing.T) {
	c := quietClassic()
	c.apply(wire.ClassicUsers{Online: []wire.ClassicRow{classicRow("dave", "198.51.100.1")}}, classicStart)
	c.openings(classicStart)
	c.reopen()
	if opened, _ := c.openings(classicStart.Add(time.Second)); len(opened) != 2 {
		t.Errorf("opened %v", opened)
	}
}

func TestUsersThatNobodyTellsOfAnyMoreAreForgotten(t *testing.T) {
	c := quietClassic()
	c.begin()
	c.apply(wire.ClassicUsers{Whole: true, Online: []wire.ClassicRow{classicRow("dave", "198.51.100.1")}}, classicStart)
	for _, step := range []struct {
		what  string
		do    func()
		after time.Duration
		want  int
	}{
		{"while we are told", func() {}, 2 * classicPatience, 1},
		{"soon after the connection was lost", func() { c.offline(classicStart) }, classicPatience, 1},
		{"when another login has failed", func() { c.offline(classicStart.Add(classicPatience)) }, classicPatience, 1},
		{"long after", func() {}, classicPatience + 1, 0},
	} {
		step.do()
		if c.forgetStale(classicStart.Add(step.after)); len(c.users) != step.want {
			t.Errorf("%s: %d users, want %d", step.what, len(c.users), step.want)
		}
	}
	c.apply(wire.ClassicUsers{Whole: true, Online: []wire.ClassicRow{classicRow("dave", "198.51.100.1")}}, classicStart)
	if c.begin(); len(c.users) > 0 {
		t.Error("users of an earlier connection are there on the next")
	}
}

// A rendezvous that wants to fill our memory, or to call somebody as nobody may be.
func TestRendezvousCannotNameEverybody(t *testing.T) {
	c := quietClassic()
	for i := range 2 * maxClassicUsers {
		c.apply(wire.ClassicUsers{Online: []wire.ClassicRow{classicRow(fmt.Sprintf("user%d", i), "198.51.100.1")}}, classicStart)
	}
	if len(c.users) != maxClassicUsers {
		t.Errorf("%d users, want at most %d", len(c.users), maxClassicUsers)
	}
	c.begin()
	for _, name := range []string{"a/b", "-x", "@bob", " ", "al\u202eice"} {
		if c.apply(wire.ClassicUsers{Online: []wire.ClassicRow{classicRow(name, "198.51.100.1")}}, classicStart); len(c.users) > 0 {
			t.Errorf("a user is called %q", name)
		}
	}
}

// TestT15UsersWhoComeAndGoAreNotRememberedWithoutEnd has a rendezvous gone bad make up
// users.
func TestT15UsersWhoComeAndGoAreNotRememberedWithoutEnd(t *testing.T) {
	c := &classic{names: map[wire.Key]string{}, users: map[wire.Key]*classicUser{}}
	for i := range maxClassicNames + 10 {
		made := fmt.Sprintf("user%d", i)
		c.apply(wire.ClassicUsers{Online: []wire.ClassicRow{classicRow(made, "198.51.100.1")}}, classicStart)
		if gone := c.apply(wire.ClassicUsers{Gone: []string{made}}, classicStart); len(gone) != 1 || gone[0] != made {
			t.Fatalf("gone are %q, want %s", gone, made)
		}
	}
	if len(c.names) != maxClassicNames {
		t.Errorf("%d names are remembered, want %d", len(c.names), maxClassicNames)
	}
	if name, known := c.nameOf(classicKey("user0")); name != "user0" || !known {
		t.Errorf("the first is %q, known %v", name, known)
	}
}
