package classic

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"peerd/wire"
)

// start is when the tests of the table begin.
var start = time.Date(2026, 11, 21, 3, 21, 9, 0, time.UTC)

// somebody is a user whose program sends from port 1 and listens on port 9000
// of an address without a NAT.
func somebody(t *testing.T, name, address string, now time.Time) *user {
	t.Helper()
	at := netip.MustParseAddr(address)
	u, err := newUser(netip.AddrPortFrom(at, 1), wire.ClassicLogin{Name: name, Endpoint: netip.AddrPortFrom(at, 9000)}, now)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// enter logs a user in and fetches its list. It returns who was told.
func enter(t *testing.T, table *table, u *user) announcement {
	t.Helper()
	if !table.login(u) || table.newcomers.next(u.address, u.heard) != u {
		t.Fatalf("%s may not log in", u.name)
	}
	reader, told := table.fetch(u.address, u.heard)
	if reader != u {
		t.Fatalf("%s did not get the list", u.name)
	}
	return told
}

// names returns who gets an announcement.
func (a announcement) names() string {
	var names []string
	for _, u := range a.to {
		names = append(names, u.name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func listed(table *table) string {
	var names []string
	for _, row := range table.list() {
		names = append(names, row.Name)
	}
	return strings.Join(names, " ")
}

func TestUserIsReachedWhereItsAddressSaysSo(t *testing.T) {
	observed := netip.MustParseAddrPort("198.51.100.1:40000")
	for _, c := range []struct{ name, claimed, want string }{
		{"without NAT, where it listens", "198.51.100.1:9000", "198.51.100.1:9000"},
		{"behind a NAT, where it was seen", "192.168.1.20:9000", "198.51.100.1:40000"},
		{"with somebody else's address, where it was seen", "203.0.113.9:9000", "198.51.100.1:40000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, err := newUser(observed, wire.ClassicLogin{Name: "alice", Endpoint: netip.MustParseAddrPort(c.claimed)}, start)
			if err != nil || u.endpoint.String() != c.want {
				t.Errorf("reached at %v, %v; want %s", u.endpoint, err, c.want)
			}
		})
	}
}

func TestNobodyNoticesALoginBeforeItsListIsFetched(t *testing.T) {
	table := newTable(nobodys)
	alice := somebody(t, "alice", "198.51.100.1", start)
	bob := somebody(t, "bob", "198.51.100.2", start)
	enter(t, table, alice)
	if !table.login(bob) || table.newcomers.next(bob.address, start) != bob {
		t.Fatal("bob may not log in")
	}
	if got := listed(table); got != "alice" {
		t.Errorf("online: %s", got)
	}
	if told := enter(t, table, somebody(t, "carol", "198.51.100.3", start)); told.names() != "alice" {
		t.Errorf("told: %s", told.names())
	}
	_, told := table.fetch(bob.address, start)
	if told.names() != "alice carol" || told.message != wire.ClassicLogin(bob.row()) {
		t.Errorf("told: %s about %v", told.names(), told.message)
	}
	if got := listed(table); got != "alice bob carol" {
		t.Errorf("online: %s", got)
	}
}

func TestListIsForWhoeverWasToldAcceptLast(t *testing.T) {
	table := newTable(nobodys)
	forged := somebody(t, "mallory", "198.51.100.1", start)
	honest := somebody(t, "alice", "198.51.100.1", start.Add(turn))
	for _, u := range []*user{forged, honest} {
		if !table.login(u) || table.newcomers.next(u.address, u.heard) != u {
			t.Fatalf("%s is not told Accept", u.name)
		}
	}
	for _, want := range []*user{honest, forged} {
		if reader, told := table.fetch(honest.address, start.Add(turn)); reader != want || told.message == nil {
			t.Errorf("the list is for %v", reader)
		}
	}
	if reader, told := table.fetch(honest.address, start); reader != forged || told.message != nil {
		t.Errorf("fetched again, the list is for %v and the others were told %v", reader, told.message)
	}
	if reader, _ := table.fetch(netip.MustParseAddr("198.51.100.2"), start); reader != nil {
		t.Errorf("%s got the list at another address", reader.name)
	}
}

func TestNameBelongsToItsAddressWhileOnline(t *testing.T) {
	table := newTable(nobodys)
	alice := somebody(t, "alice", "198.51.100.1", start)
	enter(t, table, alice)
	enter(t, table, somebody(t, "bob", "198.51.100.2", start))
	for _, name := range []string{"alice", "Alice", "ALICE"} {
		if table.login(somebody(t, name, "198.51.100.9", start)) {
			t.Errorf("%s may log in from another address", name)
		}
	}
	again := somebody(t, "alice", "198.51.100.1", start.Add(time.Minute))
	again.endpoint = netip.MustParseAddrPort("198.51.100.1:9001")
	told := enter(t, table, again)
	if told.names() != "bob" || told.message != wire.ClassicLogin(again.row()) {
		t.Errorf("%s was told %v", told.names(), told.message)
	}
	if got := listed(table); got != "alice bob" {
		t.Errorf("online: %s", got)
	}
}

func TestFirstToFetchGetsAFreeName(t *testing.T) {
	table := newTable(nobodys)
	forged := somebody(t, "alice", "198.51.100.9", start)
	honest := somebody(t, "alice", "198.51.100.1", start)
	for _, u := range []*user{forged, honest} {
		if !table.login(u) || table.newcomers.next(u.address, start) != u {
			t.Fatal("a login that has fetched nothing keeps others from its name")
		}
	}
	if reader, _ := table.fetch(honest.address, start); reader != honest {
		t.Errorf("the list is for %v", reader)
	}
	if reader, told := table.fetch(forged.address, start); reader != nil || told.message != nil {
		t.Errorf("the list is for %v too", reader)
	}
}

func TestLogoutIsTheUsersOwn(t *testing.T) {
	table := newTable(nobodys)
	alice := somebody(t, "alice", "198.51.100.1", start)
	enter(t, table, alice)
	enter(t, table, somebody(t, "bob", "198.51.100.2", start))
	elsewhere := somebody(t, "alice", "198.51.100.2", start)
	otherEndpoint := somebody(t, "alice", "198.51.100.1", start)
	otherEndpoint.claimed = netip.MustParseAddrPort("198.51.100.1:1")
	for name, from := range map[string]*user{
		"from another address":          elsewhere,
		"with another endpoint":         otherEndpoint,
		"of somebody who is not online": somebody(t, "carol", "198.51.100.1", start),
	} {
		if gone, told := table.logout(from); gone != nil || told.message != nil {
			t.Errorf("%s: %s is gone", name, gone.name)
		}
	}
	gone, told := table.logout(somebody(t, "alice", "198.51.100.1", start))
	if gone != alice || told.names() != "bob" || told.message != wire.ClassicLogout(alice.row()) {
		t.Errorf("%v is gone, %s was told %v", gone, told.names(), told.message)
	}
	if got := listed(table); got != "bob" {
		t.Errorf("online: %s", got)
	}
}

func TestLogoutTakesALoginBackThatWaits(t *testing.T) {
	table := newTable(nobodys)
	alice := somebody(t, "alice", "198.51.100.1", start)
	table.login(alice)
	table.newcomers.next(alice.address, start)
	table.logout(alice)
	if reader, _ := table.fetch(alice.address, start); reader != nil {
		t.Errorf("%s got the list", reader.name)
	}
}

func TestSilentUsersLeave(t *testing.T) {
	table := newTable(nobodys)
	enter(t, table, somebody(t, "alice", "198.51.100.1", start))
	enter(t, table, somebody(t, "bob", "198.51.100.2", start))
	enter(t, table, somebody(t, "carol", "198.51.100.3", start.Add(time.Minute)))
	enter(t, table, somebody(t, "bob", "198.51.100.2", start.Add(2*time.Minute)))
	table.login(somebody(t, "alice", "198.51.100.1", start.Add(2*time.Minute))) // may be forged
	if silent, _ := table.expire(start.Add(silenceLimit)); len(silent) != 0 {
		t.Fatalf("%s is gone too early", silent[0].name)
	}
	silent, told := table.expire(start.Add(silenceLimit + 1))
	if len(silent) != 1 || silent[0].name != "alice" {
		t.Fatalf("gone: %v", silent)
	}
	if told[0].names() != "bob carol" || told[0].message != wire.ClassicLogout(silent[0].row()) {
		t.Errorf("%s was told %v", told[0].names(), told[0].message)
	}
	if got := listed(table); got != "bob carol" {
		t.Errorf("online: %s", got)
	}
}

// Those who leave at the same moment are not told of each other.
func TestSilenceIsNotAnnouncedToTheSilent(t *testing.T) {
	table := newTable(nobodys)
	for i := range 50 {
		enter(t, table, somebody(t, fmt.Sprintf("user%d", i), "198.51.100.1", start))
	}
	silent, told := table.expire(start.Add(time.Hour))
	if len(silent) != 50 || len(told) != 50 || len(table.byAddress) != 0 {
		t.Fatalf("%d are gone, %d addresses are left", len(silent), len(table.byAddress))
	}
	for _, a := range told {
		if len(a.to) != 0 {
			t.Fatalf("told: %s", a.names())
		}
	}
}

func TestDoorIsFull(t *testing.T) {
	table := newTable(nobodys)
	for i := range maxUsers {
		address := fmt.Sprintf("198.51.%d.%d", i/250, i%250)
		enter(t, table, somebody(t, fmt.Sprintf("user%d", i), address, start))
	}
	if table.login(somebody(t, "alice", "203.0.113.1", start)) {
		t.Error("one more may log in")
	}
	enter(t, table, somebody(t, "user7", "198.51.0.7", start)) // has a place already
	table.logout(somebody(t, "user7", "198.51.0.7", start))
	enter(t, table, somebody(t, "alice", "203.0.113.1", start))
}

func TestAddressHasOnlySoManyUsers(t *testing.T) {
	table := newTable(nobodys)
	for i := range maxUsersPerAddress {
		enter(t, table, somebody(t, fmt.Sprintf("user%d", i), "198.51.100.1", start))
	}
	if table.login(somebody(t, "alice", "198.51.100.1", start)) {
		t.Error("one more may log in")
	}
	enter(t, table, somebody(t, "alice", "198.51.100.2", start))
}
