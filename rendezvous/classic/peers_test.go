package classic

import (
	"bytes"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"peerd/wire"
)

// nobodys is a circle without members.
func nobodys(string) bool { return false }

// membersOf is a circle with members of these folded names.
func membersOf(folds ...string) func(string) bool {
	return func(fold string) bool { return strings.Contains(" "+strings.Join(folds, " ")+" ", " "+fold+" ") }
}

// circlePeer is a peer that takes part, as far as a door sees it.
type circlePeer struct {
	*Peer
	told []wire.ClassicUsers
}

// enterDoor lets a peer take part. What it is told is complete when the door's
// method returns, since nothing else runs.
func enterDoor(t *testing.T, door *Door, name string) *circlePeer {
	t.Helper()
	p := &circlePeer{}
	p.Peer = door.Enter(name, func(frame []byte) {
		kind, body, err := wire.ReadFrame(bytes.NewReader(frame), nil)
		m, parseErr := wire.Parse(kind, body)
		if err != nil || parseErr != nil {
			t.Errorf("told %x: %v, %v", frame, err, parseErr)
			return
		}
		p.told = append(p.told, m.(wire.ClassicUsers))
	})
	return p
}

// hears checks what p was told since it was last asked.
func (p *circlePeer) hears(t *testing.T, want ...wire.ClassicUsers) {
	t.Helper()
	if !reflect.DeepEqual(p.told, want) {
		t.Errorf("%s was told %+v, want %+v", p.name, p.told, want)
	}
	p.told = nil
}

// unservedDoor is a door in which nothing happens by itself.
func unservedDoor(t *testing.T, isMembers func(string) bool) *Door {
	t.Helper()
	door, err := Open("127.0.0.1:0", isMembers, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = door.Close() })
	return door
}

// arrive brings a user online.
func (d *Door) arrive(t *testing.T, u *user) {
	t.Helper()
	told := enter(t, d.table, u)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tell(told)
}

var (
	here  = netip.MustParseAddrPort("203.0.113.7:41641")
	there = netip.MustParseAddrPort("203.0.113.9:2222")
)

func TestPeersHearOfUsers(t *testing.T) {
	door := unservedDoor(t, nobodys)
	alice, bob := somebody(t, "alice", "198.51.100.1", start), somebody(t, "bob", "198.51.100.2", start)
	bob.encoding, bob.endpoint = wire.ClassicDotNET, bob.source // as behind a NAT
	door.arrive(t, alice)
	carol := enterDoor(t, door, "carol")
	aliceRow := wire.ClassicRow{Name: "alice", Endpoint: alice.endpoint, Source: alice.source}
	carol.hears(t, wire.ClassicUsers{Whole: true}, wire.ClassicUsers{Online: []wire.ClassicRow{aliceRow}})
	door.arrive(t, bob)
	carol.hears(t, wire.ClassicUsers{Online: []wire.ClassicRow{{Name: "bob", Endpoint: bob.endpoint, Encoding: wire.ClassicDotNET}}})
	door.mu.Lock()
	door.logout(alice)
	door.mu.Unlock()
	carol.hears(t, wire.ClassicUsers{Gone: []string{"alice"}})
	door.tick(start.Add(silenceLimit + 1))
	carol.hears(t, wire.ClassicUsers{Gone: []string{"bob"}})
	door.Leave(carol.Peer)
	door.arrive(t, alice)
	carol.hears(t)
}

func TestPeerHearsOfAFullDoorInChunks(t *testing.T) {
	door := unservedDoor(t, nobodys)
	for i := range maxUsers {
		door.arrive(t, somebody(t, fmt.Sprintf("user%d", i), fmt.Sprintf("198.51.%d.%d", 100+i/200, 1+i%200), start))
	}
	p := enterDoor(t, door, "carol")
	online := 0
	for i, m := range p.told {
		if m.Whole != (i == 0) {
			t.Errorf("chunk %d: whole is %v", i, m.Whole)
		}
		online += len(m.Online)
	}
	if online != maxUsers {
		t.Errorf("told of %d users, want %d", online, maxUsers)
	}
	if door.Observed(p.Peer, here); strings.Contains(listed(door.table), "carol") {
		t.Error("a list that is full has one more")
	}
}

func TestPeerIsListedWhereItIsObserved(t *testing.T) {
	table := newTable(nobodys)
	enter(t, table, somebody(t, "alice", "198.51.100.1", start))
	carol := &Peer{name: "carol"}
	for _, step := range []struct {
		name string
		at   netip.AddrPort
		list string
		told wire.ClassicMessage
	}{
		{"nowhere", netip.AddrPort{}, "alice", nil},
		{"over IPv6 only, which users cannot read", netip.MustParseAddrPort("[2001:db8::7]:9"), "alice", nil},
		{"at its router", here, "alice carol", wire.ClassicLogin{Name: "carol", Endpoint: here}},
		{"at its router as before", here, "alice carol", nil},
		{"in another network", there, "alice carol", wire.ClassicLogin{Name: "carol", Endpoint: there}},
		{"no more", netip.AddrPort{}, "alice", wire.ClassicLogout{Name: "carol", Endpoint: there}},
	} {
		told := table.observed(carol, step.at)
		if told.message != step.told || told.message != nil && told.names() != "alice" {
			t.Errorf("observed %s: %q is told %v, want %v", step.name, told.names(), told.message, step.told)
		}
		if got := listed(table); got != step.list {
			t.Errorf("observed %s: the list is %q, want %q", step.name, got, step.list)
		}
	}
}

// A peer that logs in again is there before its former connection ends.
func TestLaterConnectionOfAPeerTakesOverItsListing(t *testing.T) {
	table := newTable(nobodys)
	former, later := &Peer{name: "carol"}, &Peer{name: "carol"}
	table.observed(former, here)
	if told := table.observed(later, here); told.message != nil {
		t.Errorf("told %v about a peer that has not moved", told.message)
	}
	if told := table.observed(former, netip.AddrPort{}); told.message != nil || listed(table) != "carol" {
		t.Errorf("when the former connection ends, told %v, listed %q", told.message, listed(table))
	}
	if table.observed(later, netip.AddrPort{}); listed(table) != "" {
		t.Errorf("listed %q", listed(table))
	}
}

func TestNobodyPassesForAMember(t *testing.T) {
	table := newTable(membersOf("allce"))
	for _, name := range []string{"alice", "Alice", "аlісе", "AIice"} {
		u, err := newUser(here, wire.ClassicLogin{Name: name, Endpoint: here}, start)
		if err == nil && table.login(u) {
			t.Errorf("%s got in", name)
		}
	}
	if !table.login(somebody(t, "bob", "198.51.100.2", start)) {
		t.Error("bob did not get in")
	}
}

func TestNameThatAMemberGetsMeanwhileIsNoUsersAnyMore(t *testing.T) {
	members := ""
	door := unservedDoor(t, func(fold string) bool { return fold == members })
	alice, bob := somebody(t, "alice", "198.51.100.1", start), somebody(t, "bob", "198.51.100.2", start)
	door.arrive(t, bob)
	if !door.table.login(alice) || door.table.newcomers.next(alice.address, start) != alice {
		t.Fatal("alice may not log in")
	}
	carol := enterDoor(t, door, "carol")
	carol.told = nil

	members = "allce"
	door.Taken("Alice")
	if reader, _ := door.table.fetch(alice.address, start); reader != nil {
		t.Error("a newcomer came online under a member's name")
	}
	members = "bob"
	door.Taken("bob")
	if got := listed(door.table); got != "" {
		t.Errorf("listed %q", got)
	}
	carol.hears(t, wire.ClassicUsers{Gone: []string{"bob"}})
}

// Users see peers in their lists and hear of them as of each other.
func TestUsersSeePeers(t *testing.T) {
	door := openDoor(t)
	alice := newClient(t, door, "127.0.0.2")
	alice.enter("alice")
	carol := door.Enter("carol", func([]byte) {})
	door.Observed(carol, here)
	alice.hears("login,carol," + here.String())
	bob := newClient(t, door, "127.0.0.3")
	if list := bob.enter("bob"); !strings.Contains(list, "carol,"+here.String()+";") {
		t.Errorf("bob's list is %q", list)
	}
	alice.hears("login,bob," + bob.addr().String())
	door.Leave(carol)
	alice.hears("logout,carol," + here.String())
	bob.hears("logout,carol," + here.String())
	if users := door.Users(); users != 2 {
		t.Errorf("%d users", users)
	}
}
