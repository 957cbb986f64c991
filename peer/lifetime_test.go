package peer

import (
	"fmt"
	"testing"
	"time"

	"peerd/punch"
	"peerd/wire"
)

func TestLifetimesAreRememberedByPlace(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	search := punch.LifetimeSearch{Lived: time.Minute, Died: 2 * time.Minute}
	known := lifetimes{}
	known.learn("home", search, now)
	if got := known.in("home", now.Add(lifetimeAge)); got != search {
		t.Errorf("at home: %+v, want %+v", got, search)
	}
	if got := known.in("home", now.Add(lifetimeAge+1)); got != (punch.LifetimeSearch{}) {
		t.Errorf("at home, much later: %+v, want nothing", got)
	}
	if got := known.in("work", now); got != (punch.LifetimeSearch{}) {
		t.Errorf("at work: %+v, want nothing", got)
	}
}

func TestTheOldestPlaceIsForgotten(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	search := punch.LifetimeSearch{Lived: time.Minute}
	known := lifetimes{}
	for i := range maxLifetimes + 1 {
		known.learn(fmt.Sprint(i), search, now.Add(time.Duration(i)*time.Second))
	}
	if _, there := known["0"]; there || len(known) != maxLifetimes {
		t.Errorf("%d places are known, the oldest among them: %v", len(known), there)
	}
}

func TestALifetimeOutlivesTheDaemon(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	first := c.joinAt("alice", dir)
	c.await("alice is observed", func() bool { return first.observedEndpoint().IsValid() })
	place := first.place()
	first.learned(t.Context(), place, punch.LifetimeSearch{Lived: 2 * time.Minute, Died: 3 * time.Minute})
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := c.joinAt("alice", dir)
	c.await("the lifetime is recalled", func() bool { return second.ownReport().Lifetime == 2*time.Minute })
}

func TestWhatWasNotMeasuredStaysKnown(t *testing.T) {
	before := wire.NATReport{
		Mapping: wire.MappingAPDM, Filtering: wire.FilteringADF,
		Allocation: wire.AllocationBlock, FirstPort: 2000, LastPort: 2999, Lifetime: time.Minute,
	}
	for _, test := range []struct {
		name          string
		now, combined wire.NATReport
	}{
		{"nothing was measured", wire.NATReport{}, before},
		{"the mapping is another one", wire.NATReport{Mapping: wire.MappingADM}, wire.NATReport{
			Mapping: wire.MappingADM, Filtering: wire.FilteringADF,
			Allocation: wire.AllocationBlock, FirstPort: 2000, LastPort: 2999, Lifetime: time.Minute,
		}},
		{"the allocation is another one", wire.NATReport{Allocation: wire.AllocationRandom}, wire.NATReport{
			Mapping: wire.MappingAPDM, Filtering: wire.FilteringADF, Allocation: wire.AllocationRandom, Lifetime: time.Minute,
		}},
		{"there is no NAT any more", wire.NATReport{Mapping: wire.MappingNone}, wire.NATReport{
			Mapping: wire.MappingNone, Filtering: wire.FilteringADF, Lifetime: time.Minute,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := completed(test.now, before); got != test.combined {
				t.Errorf("got %+v, want %+v", got, test.combined)
			}
		})
	}
}
