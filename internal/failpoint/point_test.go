package failpoint

import (
	"regexp"
	"testing"
)

func TestPointsCanBeToldApart(t *testing.T) {
	seen := make(map[Point]bool)
	for _, point := range Points() {
		if seen[point] {
			t.Errorf("%s is there twice", point)
		}
		seen[point] = true
		if !regexp.MustCompile(`^[a-z]+([-.][a-z]+)*$`).MatchString(string(point)) {
			t.Errorf("%q cannot be written in %s", point, Variable)
		}
	}
}

// TestAPointOfAnOrdinaryBuildIsHarmless fails by dying.
func TestAPointOfAnOrdinaryBuildIsHarmless(t *testing.T) {
	for _, point := range Points() {
		t.Setenv(Variable, string(point)+"@1")
		Hit(point)
	}
}
