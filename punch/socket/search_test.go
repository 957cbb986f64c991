package socket

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"peerd/punch"
	"peerd/wire"
)

// TestASearchTellsWhatWasTriedAndWhatCameOfIt introduces two peers: one probe
// reaches the other, one is not even sent.
func TestASearchTellsWhatWasTriedAndWhatCameOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newLinkedPair(t)
		nobodys := wire.Candidate{Endpoint: netip.MustParseAddrPort("169.254.169.254:8080"), Kind: wire.CandidateMapped}
		a.session.Introduce(Introduction{Candidates: append(localCandidate(b.bound), nobodys), Observed: a.bound})
		b.session.Introduce(Introduction{Candidates: localCandidate(a.bound), Observed: b.bound})
		time.Sleep(10 * time.Second)
		synctest.Wait()

		got := a.session.Search()
		if got.Running || !got.Next.IsZero() {
			t.Errorf("a direct path was found, but the search goes on: %+v", got)
		}
		if len(got.LeftOut) != 1 || got.LeftOut[0].Endpoint != nobodys.Endpoint {
			t.Errorf("left out %v", got.LeftOut)
		}
		if len(got.Warnings) != 0 {
			t.Errorf("warned of %v", got.Warnings)
		}
		if len(got.Attempts) != 1 {
			t.Fatalf("tried %v", got.Attempts)
		}
		if try := got.Attempts[0]; try.Endpoint != b.bound || try.Probes == 0 || try.Replies == 0 {
			t.Errorf("tried %+v", try)
		}
	})
}

// TestASearchInVainEndsAndPlansTheNext proves that a failed search is not shown
// as one under way.
func TestASearchInVainEndsAndPlansTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := newLinkedPair(t)
		a.session.Introduce(Introduction{Candidates: localCandidate(stranger), Observed: a.bound})
		if !a.session.Search().Running {
			t.Error("the search has not begun")
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		got := a.session.Search()
		if got.Running {
			t.Error("the search does not end")
		}
		if got.Next.IsZero() {
			t.Error("there is no plan for another one")
		}
		if len(got.Attempts) != 1 || got.Attempts[0].Probes == 0 || got.Attempts[0].Replies != 0 {
			t.Errorf("tried %+v", got.Attempts)
		}
	})
}

// TestWhatTheGovernorHoldsBackIsWarnedOf proves that each session knows its share.
func TestWhatTheGovernorHoldsBackIsWarnedOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := newLinkedPair(t)
		defer a.introduceManyTo(t, stranger, 1000)()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		total := 0
		for _, x := range a.registry.all() {
			for _, warning := range x.Search().Warnings {
				if warning.Code == punch.WarningHeldBack {
					total += warning.Count
				}
			}
		}
		held := a.Counters()
		if want := int(held.ProbesHeldBack + held.FlowsHeldBack); total != want || total == 0 {
			t.Errorf("the sessions know of %d, the socket of %d", total, want)
		}
	})
}
