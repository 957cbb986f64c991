package peer

import (
	"testing"
	"time"

	"peerd/peer/api"
	"peerd/wire"
)

// TestReceiptsAreAwaitedEverLonger proves that a message without a receipt is a
// reason to talk again after receiptPatience, and then ever more rarely.
func TestReceiptsAreAwaitedEverLonger(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	key := bob.Key()
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	sent, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "are you there?"})
	if err != nil {
		t.Fatal(err)
	}
	pending, err := alice.store.Pending(t.Context(), key, 0, 1)
	if err != nil || len(pending) != 1 || pending[0].ID.String() != sent.ID {
		t.Fatalf("pending: %v, %v", pending, err)
	}
	s := &session{daemon: alice, peer: key}
	o := &outgoing{opened: time.Now().Add(-time.Hour), patience: receiptPatience}

	if look, overdue := s.receiptDue(t.Context(), o); look != 0 || overdue {
		t.Errorf("a message that has not been sent is awaited: %v, %v", look, overdue)
	}
	o.next = pending[0].Seq
	o.progressed()
	if look, overdue := s.receiptDue(t.Context(), o); overdue || look <= 0 || look > receiptDoubt {
		t.Errorf("just sent: look after %v, overdue %v", look, overdue)
	}
	o.opened = o.opened.Add(-receiptDoubt)
	if look, overdue := s.receiptDue(t.Context(), o); overdue || look <= receiptDoubt || look > receiptPatience {
		t.Errorf("a little late: look after %v, overdue %v", look, overdue)
	}
	for want := receiptPatience; want < longestReceipt; want *= 2 {
		o.opened = o.opened.Add(-want) // so much time goes by
		look, overdue := s.receiptDue(t.Context(), o)
		if next := min(2*want, longestReceipt); !overdue || look != next {
			t.Errorf("after %v: look after %v, overdue %v; want it overdue and a look after %v", want, look, overdue, next)
		}
	}
}

func TestKeepaliveTowardsTheRendezvous(t *testing.T) {
	for name, c := range map[string]struct{ lifetime, want time.Duration }{
		"unknown":                             {0, 20 * time.Second},
		"80 % of the lifetime":                {60 * time.Second, 48 * time.Second},
		"a hasty router does not make us":     {5 * time.Second, 15 * time.Second},
		"a patient one is asked all the same": {time.Hour, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			if got := keepaliveInterval(c.lifetime); got != c.want {
				t.Errorf("every %v, want %v", got, c.want)
			}
		})
	}
	if longestKeepalive+observePatience >= observationLifetime || observationLifetime >= wire.CookieLifetime {
		t.Error("an observation is not refreshed before it, or its cookie, is stale")
	}
}
