package natcheck_test

import (
	"testing"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/natlab/nat"
	"peerd/punch/natcheck"
)

// The idle times are far from the routers' timeouts, so that a busy machine does
// not turn one into the other.
func TestAnIdleMappingIsSeenToLiveAndToDie(t *testing.T) {
	lab, server := newInternet(t)
	for _, behaviour := range []nat.Behaviour{
		{Filtering: nat.APDF},
		{Mapping: nat.APDM, Filtering: nat.APDF, Allocation: nat.Random},
		{Filtering: nat.APDF, Strike: 10 * hangGuard},
	} {
		home := lab.Home(behaviour.String(), natlab.Userspace(behaviour), natlab.Link{})
		config := configFor(t, home.Host(behaviour.String()), server)
		neighbour := home.Host("neighbour of " + behaviour.String())
		t.Run(behaviour.String(), func(t *testing.T) {
			t.Parallel()
			alive, err := natcheck.Survives(t.Context(), config, 100*time.Millisecond, 0)
			if !alive || err != nil {
				t.Errorf("after a moment: alive %v, %v", alive, err)
			}
			home.SetUDPTimeout(2 * time.Second)
			alive, err = natcheck.Survives(t.Context(), config, 4*time.Second, 0)
			if alive || err != nil {
				t.Errorf("after twice the router's timeout: alive %v, %v", alive, err)
			}
			configFor(t, neighbour, server) // is not banned
		})
	}
}

func TestThereIsNoVerdictWithoutAnAnswer(t *testing.T) {
	lab, server := newInternet(t)
	home := lab.Home("home", natlab.Masquerade, natlab.Link{})
	config := configFor(t, home.Host("alice"), server)
	home.SetDown()
	if alive, err := natcheck.Survives(t.Context(), config, 0, 0); alive || err != natcheck.ErrNoVerdict {
		t.Errorf("alive %v, %v, want no verdict", alive, err)
	}
}
