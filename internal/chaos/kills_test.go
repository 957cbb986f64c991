//go:build linux

package chaos

import "testing"

func TestKilledAtAnyMoment(t *testing.T) { play(t, 30, playRandomKills) }

func TestRendezvousKilled(t *testing.T) { play(t, 5, playRendezvousKills) }
