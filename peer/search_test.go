package peer

import (
	"testing"

	"peerd/peer/api"
)

func TestBothSidesOfAConversationAreFound(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "我们用即时聊天吧")
	c.send(bob, "alice", "即时聊天, gladly")

	found, err := alice.Search(t.Context(), api.SearchRequest{Texts: []string{"聊天"}, Peer: "bob", Limit: 10})
	if err != nil || len(found) != 2 {
		t.Fatalf("found %+v, error %v, want two messages", found, err)
	}
	if m := found[0]; m.Outgoing || m.From != "bob" || m.To != "alice" || m.Text != "即时聊天, gladly" {
		t.Errorf("the newest is %+v, want bob's", m)
	}
	m := found[1]
	if !m.Outgoing || m.From != "alice" || m.FromKey != alice.Key().String() || m.To != "bob" || m.Text != "我们用即时聊天吧" {
		t.Errorf("the older is %+v, want our own", m)
	}
	if m.ReceivedAt.IsZero() || m.Path == api.PathNone {
		t.Errorf("delivered, but received at %s by path %s", m.ReceivedAt, m.Path)
	}
}

func TestAQueuedMessageIsFoundAndNotReceivedYet(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "for later"}); err != nil {
		t.Fatal(err)
	}
	found, err := alice.Search(t.Context(), api.SearchRequest{Texts: []string{"LATER"}, Limit: 10})
	if err != nil || len(found) != 1 {
		t.Fatalf("found %+v, error %v, want one message", found, err)
	}
	if m := found[0]; !m.ReceivedAt.IsZero() || m.Path != api.PathNone {
		t.Errorf("queued, but received at %s by path %s", m.ReceivedAt, m.Path)
	}
}

func TestTheHistoryWithNobodyIsNotSearched(t *testing.T) {
	alice := newCircle(t).join("alice")
	_, err := alice.Search(t.Context(), api.SearchRequest{Texts: []string{"hello"}, Peer: "nobody", Limit: 10})
	wantCode(t, err, api.CodeNoSuchPeer)
}
