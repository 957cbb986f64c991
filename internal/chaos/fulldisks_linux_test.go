package chaos

import "testing"

func TestFullDisk(t *testing.T) { play(t, 5, playFullDisks) }
