//go:build linux

package chaos

import (
	"slices"
	"testing"

	"peerd/internal/failpoint"
)

// TestKilledAtEveryFailpoint proves that kill -9 at any step of a message's way
// loses nothing, repeats nothing and mixes nothing up. A point that is never
// passed fails it.
func TestKilledAtEveryFailpoint(t *testing.T) {
	all := targets()
	for _, point := range failpoint.Points() {
		if !slices.ContainsFunc(all, func(t target) bool { return t.point == point }) {
			t.Errorf("nobody dies at %s", point)
		}
	}
	play(t, 20, playFailpoints)
}
