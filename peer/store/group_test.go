package store

import (
	"slices"
	"testing"

	"peerd/wire"
)

var friends = wire.GroupID{0xf}

// said is what author's item about a group does here; an author that is zero is
// ourselves, telling carol.
func said(t *testing.T, s *Store, author wire.Key, group wire.Group) {
	t.Helper()
	body, err := group.AppendBody(nil)
	check(t, err)
	if author == (wire.Key{}) {
		_, err = s.AcceptAll(t.Context(), noon, Draft{To: carol, ID: newID(), Kind: wire.KindGroup, Payload: body, Hidden: true})
	} else {
		in := Incoming{ID: newID(), Seq: 1, SentAt: noon, Kind: wire.KindGroup, Payload: body, Hidden: true}
		_, _, err = s.Receive(t.Context(), author, in, noon, "direct")
	}
	check(t, err)
}

func changes(t *testing.T, s *Store) []uint64 {
	t.Helper()
	all, err := s.Groups(t.Context())
	check(t, err)
	if len(all) != 1 || all[0].ID != friends {
		t.Fatalf("groups are %+v", all)
	}
	var counts []uint64
	for _, key := range []wire.Key{alice, bob, carol} {
		i := slices.IndexFunc(all[0].Members, func(m wire.GroupMember) bool { return m.Key == key })
		if i < 0 {
			counts = append(counts, 0)
			continue
		}
		counts = append(counts, all[0].Members[i].Change)
	}
	return counts
}

func members(counts ...uint64) wire.Group {
	g := wire.Group{ID: friends, Name: "friends"}
	for i, count := range counts {
		if count > 0 {
			g.Members = append(g.Members, wire.GroupMember{Key: []wire.Key{alice, bob, carol}[i], Change: count})
		}
	}
	return g
}

func TestAGroupEndsTheSameInWhateverOrderItsChangesArrive(t *testing.T) {
	type change struct {
		author wire.Key
		group  wire.Group
	}
	news := []change{
		{alice, members(1, 1)},    // alice makes it with bob
		{bob, members(1, 1, 1)},   // bob adds carol
		{carol, members(1, 1, 2)}, // who leaves
		{alice, members(1, 1, 3)}, // and whom alice adds again
	}
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}} {
		s := openTest(t)
		for _, i := range order {
			said(t, s, news[i].author, news[i].group)
		}
		if got := changes(t, s); !slices.Equal(got, []uint64{1, 1, 3}) {
			t.Errorf("in order %v the changes are %v", order, got)
		}
	}
}

func TestNobodyPutsAnotherOutOfAGroup(t *testing.T) {
	for _, c := range []struct {
		name   string
		author wire.Key
		want   uint64
	}{
		{"another member", bob, 1},
		{"the member itself", carol, 2},
		{"we ourselves, of us", wire.Key{}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openTest(t)
			said(t, s, alice, members(1, 1, 1))
			said(t, s, c.author, members(1, 1, 2))
			if got := changes(t, s); got[2] != c.want {
				t.Errorf("carol's change is %d, want %d", got[2], c.want)
			}
		})
	}
}

func TestGroupTextIsShownWhileBothAreMembers(t *testing.T) {
	for _, c := range []struct {
		name  string
		group wire.Group
		want  []string
	}{
		{"both are members", members(1, 1), []string{"hi"}},
		{"we have left", members(1, 2), nil},
		{"the author has never been one", members(0, 1), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openTest(t)
			check(t, s.ApplyGroup(t.Context(), c.group))
			in := Incoming{ID: newID(), Seq: 1, SentAt: noon, Kind: wire.KindText, Body: "hi", Group: friends, To: bob}
			if _, fresh, err := s.Receive(t.Context(), alice, in, noon, "direct"); !fresh || err != nil {
				t.Fatalf("fresh %t, %v", fresh, err)
			}
			shown, err := s.Messages(t.Context(), Filter{Group: friends})
			check(t, err)
			if !slices.Equal(bodies(shown), append([]string{}, c.want...)) {
				t.Errorf("shown is %q, want %q", bodies(shown), c.want)
			}
			unread, err := s.UnreadInGroups(t.Context())
			if unread[friends] != len(c.want) || err != nil {
				t.Errorf("%d unread, %v", unread[friends], err)
			}
		})
	}
}

func TestReadingAGroupLeavesWhatItsMemberSaidToUsAloneUnread(t *testing.T) {
	s := openTest(t)
	check(t, s.ApplyGroup(t.Context(), members(1, 1)))
	receive(t, s, alice, 1, "to you alone")
	in := Incoming{ID: newID(), Seq: 2, SentAt: noon, Kind: wire.KindText, Body: "to all", Group: friends, To: bob}
	_, _, err := s.Receive(t.Context(), alice, in, noon, "direct")
	check(t, err)

	_, err = s.ReadUpTo(t.Context(), alice, friends, 2, noon, true)
	check(t, err)
	alone, err := s.Messages(t.Context(), Filter{Peer: &alice, Unread: true})
	check(t, err)
	if !slices.Equal(bodies(alone), []string{"to you alone"}) {
		t.Errorf("unread is %q", bodies(alone))
	}
	if upTo, _, announce, err := s.ReadCursor(t.Context(), alice); upTo != 0 || announce || err != nil {
		t.Errorf("alice would be told that %d was read (%v)", upTo, err)
	}
}

func TestWhoWasToldOfAGroupIsRemembered(t *testing.T) {
	s := openTest(t)
	said(t, s, wire.Key{}, members(1, 1, 1))
	said(t, s, alice, members(1, 1))
	told, err := s.GroupTold(t.Context(), friends)
	check(t, err)
	ours, err := members(1, 1, 1).AppendBody(nil)
	check(t, err)
	if told[carol] != GroupDigest(ours) || told[alice] == GroupDigest(ours) || len(told) != 2 {
		t.Errorf("told are %x", told)
	}
}

func TestAGroupHoldsOnlySoMany(t *testing.T) {
	s := openTest(t)
	first, second := wire.Group{ID: friends}, wire.Group{ID: friends}
	for i := range wire.MaxGroupEntries {
		first.Members = append(first.Members, wire.GroupMember{Key: wire.Key{1, byte(i)}, Change: 1})
		second.Members = append(second.Members, wire.GroupMember{Key: wire.Key{2, byte(i)}, Change: 1})
	}
	second.Members[0] = wire.GroupMember{Key: first.Members[0].Key, Change: 3}
	said(t, s, alice, first)
	said(t, s, bob, second)
	all, err := s.Groups(t.Context())
	check(t, err)
	if len(all[0].Members) != wire.MaxGroupEntries || all[0].Members[0].Change != 3 {
		t.Errorf("%d members, the first with change %d", len(all[0].Members), all[0].Members[0].Change)
	}
}

// TestT13FloodOfGroupsIsBounded has bob make groups without end: they end, those
// that he is in go on, and carol's come.
func TestT13FloodOfGroupsIsBounded(t *testing.T) {
	s := openTest(t)
	groupsOf := func(want int, what string) {
		t.Helper()
		all, err := s.Groups(t.Context())
		check(t, err)
		if len(all) != want {
			t.Errorf("%d groups after %s, want %d", len(all), what, want)
		}
	}
	group := members(1, 1)
	for i := range maxGroupsOfPeer + 10 {
		group.ID = wire.GroupID{0xb, byte(i >> 8), byte(i)}
		said(t, s, bob, group)
	}
	groupsOf(maxGroupsOfPeer, "bob's flood")
	group.ID = wire.GroupID{0xc}
	said(t, s, carol, group)
	groupsOf(maxGroupsOfPeer+1, "carol's only one")
	said(t, s, bob, group)
	group.ID = wire.GroupID{0xb}
	group.Members = append(group.Members, wire.GroupMember{Key: carol, Change: 1})
	said(t, s, bob, group)
	groupsOf(maxGroupsOfPeer+1, "what bob said of known ones")
	all, err := s.Groups(t.Context())
	check(t, err)
	if i := slices.IndexFunc(all, func(g wire.Group) bool { return g.ID == group.ID }); len(all[i].Members) != 3 {
		t.Errorf("members of bob's first group are %v, want three", all[i].Members)
	}
}
