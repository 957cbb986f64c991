package chaos

import "testing"

func TestPowerCut(t *testing.T) { play(t, 8, playPowerCuts) }

func TestPowerCutOfTheRendezvous(t *testing.T) { play(t, 10, playRendezvousPowerCuts) }
