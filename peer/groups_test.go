package peer

import (
	"slices"
	"testing"

	"peerd/peer/api"
	"peerd/peer/store"
)

// group makes a group of from and the others, and waits until they know of it.
func (c *circle) group(from *Daemon, name string, others ...*Daemon) {
	c.t.Helper()
	request := api.GroupRequest{Name: name}
	for _, other := range others {
		c.knows(from, other.ownName())
		request.Members = append(request.Members, other.ownName())
	}
	if _, err := from.CreateGroup(c.t.Context(), request); err != nil {
		c.t.Fatalf("create group: %v", err)
	}
	for _, other := range others {
		c.awaitMembers(other, name, len(others)+1)
	}
}

// awaitMembers waits until a daemon counts so many members in a group.
func (c *circle) awaitMembers(d *Daemon, name string, count int) {
	c.t.Helper()
	c.await(name+" is known", func() bool {
		groups, err := d.Groups(c.t.Context())
		i := slices.IndexFunc(groups, func(g api.Group) bool { return g.Name == "@"+name })
		return err == nil && i >= 0 && len(groups[i].Members) == count
	})
}

func TestAMessageToAGroupReachesEveryMemberAsOneMessage(t *testing.T) {
	c := newCircle(t)
	alice, bob, carol := c.join("alice"), c.join("bob"), c.join("carol")
	c.group(alice, "friends", bob, carol)
	sent := c.send(alice, "@friends", "hi all")
	for _, member := range []*Daemon{bob, carol} {
		rows, err := member.Read(t.Context(), api.ReadRequest{From: "@friends"})
		if err != nil || len(rows) != 1 || rows[0].ID != sent.ID || rows[0].Text != "hi all" || rows[0].Group != "@friends" || rows[0].From != "alice" {
			t.Errorf("%s reads %+v (%v)", member.ownName(), rows, err)
		}
		if got := texts(t, member, "alice"); len(got) != 0 {
			t.Errorf("between alice and %s alone there is %q", member.ownName(), got)
		}
	}
	c.send(bob, "@friends", "hi alice")
	c.send(carol, "@friends", "hi both")
	if got := texts(t, alice, "@friends"); !slices.Equal(got, []string{"hi alice", "hi both"}) {
		t.Errorf("alice reads %q", got)
	}
	history, err := alice.store.Messages(t.Context(), store.Filter{})
	if err != nil || len(history) != 3 {
		t.Errorf("alice's history has %d messages (%v)", len(history), err)
	}
}

// TestAMemberIsHeardByThoseWhoWereNotToldOfIt adds carol to a group while bob is
// away, and has her speak to him before alice can tell him who she is.
func TestAMemberIsHeardByThoseWhoWereNotToldOfIt(t *testing.T) {
	c := newCircle(t)
	bobsHome := t.TempDir()
	alice, carol := c.join("alice"), c.join("carol")
	bob := c.joinAt("bob", bobsHome)
	c.group(alice, "friends", bob)
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	c.knows(alice, "carol")
	if _, err := alice.AddToGroup(t.Context(), api.GroupRequest{Name: "friends", Members: []string{"carol"}}); err != nil {
		t.Fatal(err)
	}
	c.awaitMembers(carol, "friends", 3)
	if err := alice.Close(); err != nil {
		t.Fatal(err)
	}
	sent, err := carol.Send(t.Context(), api.SendRequest{To: "@friends", Text: "hello bob"})
	if err != nil {
		t.Fatal(err)
	}
	bob = c.joinAt("bob", bobsHome)
	c.await("bob hears carol", func() bool { return slices.Equal(texts(t, bob, "@friends"), []string{"hello bob"}) })
	c.awaitMembers(bob, "friends", 3)
	if row, err := carol.WaitMessage(t.Context(), sent.ID, api.StateQueued); err != nil || row.State.Reached(api.StateDelivered) {
		t.Errorf("the message is %s (%v) though alice does not have it", row.State, err)
	}
}

func TestWhoLeavesAGroupHearsNoMoreOfIt(t *testing.T) {
	c := newCircle(t)
	bobsHome := t.TempDir()
	alice, carol := c.join("alice"), c.join("carol")
	bob := c.joinAt("bob", bobsHome)
	c.group(alice, "friends", bob, carol)
	c.send(alice, "@friends", "one")
	left, err := bob.LeaveGroup(t.Context(), api.GroupRequest{Name: "@friends"})
	if err != nil || len(left.Members) != 2 {
		t.Fatalf("bob leaves %+v (%v)", left, err)
	}
	c.awaitMembers(alice, "friends", 2)
	c.awaitMembers(carol, "friends", 2)
	c.send(alice, "@friends", "two")
	_, err = bob.Send(t.Context(), api.SendRequest{To: "@friends", Text: "am I there?"})
	wantCode(t, err, api.CodeNoSuchGroup)

	if err := bob.Close(); err != nil { // and knows it still after a restart
		t.Fatal(err)
	}
	bob = c.joinAt("bob", bobsHome)
	if groups, err := bob.Groups(t.Context()); len(groups) != 0 || err != nil {
		t.Errorf("bob is in %+v (%v)", groups, err)
	}
	history, err := bob.History(t.Context(), api.HistoryRequest{With: "@friends", Limit: 10})
	if err != nil || len(history) != 1 || history[0].Text != "one" {
		t.Errorf("bob's history is %+v (%v)", history, err)
	}
	found, err := bob.Search(t.Context(), api.SearchRequest{Texts: []string{"one"}, Peer: "@friends", Limit: 10})
	if err != nil || len(found) != 1 || found[0].Group != "@friends" {
		t.Errorf("a search in the group finds %+v (%v)", found, err)
	}
}

func TestABlockedMemberOfAGroupGetsNothingMore(t *testing.T) {
	c := newCircle(t)
	alice, bob, carol := c.join("alice"), c.join("bob"), c.join("carol")
	c.group(alice, "friends", bob, carol)
	c.send(alice, "@friends", "one")
	if _, err := alice.BlockContact(t.Context(), api.BlockRequest{Name: "bob", Blocked: true}); err != nil {
		t.Fatal(err)
	}
	c.send(alice, "@friends", "two") // delivered to all that it went to
	if got := texts(t, carol, "@friends"); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("carol reads %q", got)
	}
	if queued, err := alice.store.Queued(t.Context()); queued[bob.Key()] != 0 || err != nil {
		t.Errorf("%d messages wait for bob (%v)", queued[bob.Key()], err)
	}
	_, err := alice.CreateGroup(t.Context(), api.GroupRequest{Name: "others", Members: []string{"bob"}})
	wantCode(t, err, api.CodeBlocked)
}

func TestSubscribersHearWhoAddedWhomToAGroup(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	changes := bob.Subscribe(c.guard(), api.TypeGroup)
	c.group(alice, "friends", bob)
	change := (<-changes).(api.GroupChange)
	if change.By != "alice" || change.Group != "@friends" || !slices.Equal(change.Joined, []string{"alice", "bob"}) &&
		!slices.Equal(change.Joined, []string{"bob", "alice"}) {
		t.Errorf("bob hears %+v", change)
	}
}

func TestALaterGroupCannotPassForAnEarlierOne(t *testing.T) {
	c := newCircle(t)
	alice, bob, mallory := c.join("alice"), c.join("bob"), c.join("mallory")
	c.group(alice, "friends", bob)
	c.knows(mallory, "bob")
	if _, err := mallory.CreateGroup(t.Context(), api.GroupRequest{Name: "friends", Members: []string{"bob"}}); err != nil {
		t.Fatal(err)
	}
	c.await("bob is in two groups", func() bool {
		groups, err := bob.Groups(t.Context())
		return err == nil && len(groups) == 2
	})
	_, err := bob.Send(t.Context(), api.SendRequest{To: "@friends", Text: "which?"})
	wantCode(t, err, api.CodeGroupAmbiguous)
	groups, err := bob.Groups(t.Context())
	if err != nil || groups[0].Name == groups[1].Name {
		t.Fatalf("bob's groups are %+v (%v)", groups, err)
	}
	c.send(bob, groups[0].Name, "this one")
}

func TestWhatIsNoGroup(t *testing.T) {
	c := newCircle(t)
	alice := c.join("alice")
	for _, bad := range []struct {
		name, member string
		code         api.Code
	}{
		{"", "alice", api.CodeUsage},
		{"friends", "alice", api.CodeUsage},
		{"friends", "nobody", api.CodeNoSuchPeer},
		{"fri\nends", "nobody", api.CodeUsage},
	} {
		_, err := alice.CreateGroup(t.Context(), api.GroupRequest{Name: bad.name, Members: []string{bad.member}})
		wantCode(t, err, bad.code)
	}
	_, err := alice.CreateGroup(t.Context(), api.GroupRequest{Name: "friends"})
	wantCode(t, err, api.CodeUsage)
	_, err = alice.Read(t.Context(), api.ReadRequest{From: "@friends"})
	wantCode(t, err, api.CodeNoSuchGroup)
}
