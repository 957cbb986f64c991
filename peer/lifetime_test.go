package peer

import (
	"fmt"
	"testing"
	"time"

	"peerd/punch"
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
