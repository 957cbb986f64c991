package peer

import (
	"testing"
	"testing/synctest"
	"time"

	"peerd/wire"
)

// TestReceiptsAreAwaitedEverLonger proves that a message without a receipt is a
// reason to talk again after receiptPatience, and then ever more rarely.
func TestReceiptsAreAwaitedEverLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alice, bob := loneDaemon(t, t.TempDir()), wire.Key{2}
		sent, err := alice.store.Accept(t.Context(), bob, wire.MessageID{1}, "are you there?", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		s := &session{daemon: alice, peer: bob}
		o := &outgoing{opened: time.Now().Add(-time.Hour), patience: receiptPatience}

		if look, overdue := s.receiptDue(t.Context(), o); look != 0 || overdue {
			t.Errorf("a message that has not been sent is awaited: %v, %v", look, overdue)
		}
		o.next = sent.Seq
		o.progressed()
		if look, overdue := s.receiptDue(t.Context(), o); overdue || look != receiptDoubt {
			t.Errorf("just sent: look after %v, overdue %v", look, overdue)
		}
		time.Sleep(receiptDoubt)
		if look, overdue := s.receiptDue(t.Context(), o); overdue || look != receiptPatience-receiptDoubt {
			t.Errorf("a little late: look after %v, overdue %v", look, overdue)
		}
		time.Sleep(receiptPatience - receiptDoubt)
		for want := receiptPatience; want < longestReceipt; want *= 2 {
			look, overdue := s.receiptDue(t.Context(), o)
			if next := min(2*want, longestReceipt); !overdue || look != next {
				t.Errorf("after %v: look after %v, overdue %v; want it overdue and a look after %v", want, look, overdue, next)
			}
			time.Sleep(look)
		}
	})
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
