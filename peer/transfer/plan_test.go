package transfer

import (
	"slices"
	"testing"
	"time"
)

func sortEntries(entries []Entry) {
	slices.SortFunc(entries, func(a, b Entry) int { return comparePaths(a.Path, b.Path) })
}

func TestPlanAsksForEachChunkOnce(t *testing.T) {
	m := album(t)
	p := NewPlan(m)
	p.Arrived(1)
	p.Arrived(1) // again changes nothing
	var taken []Range
	for r := p.Take(2 * ChunkSize); r.Count > 0; r = p.Take(2 * ChunkSize) {
		taken = append(taken, r)
	}
	if want := []Range{{0, 1}, {2, 3}}; !slices.Equal(taken, want) {
		t.Errorf("took %v, want %v", taken, want)
	}
	if p.More() || p.Complete() || p.Bytes() != ChunkSize {
		t.Errorf("more %v, complete %v, bytes %d", p.More(), p.Complete(), p.Bytes())
	}
	for i := range m.Chunks() {
		p.Arrived(i)
	}
	if !p.Complete() || p.Bytes() != m.Size() {
		t.Errorf("everything is there: complete %v, bytes %d of %d", p.Complete(), p.Bytes(), m.Size())
	}
}

func TestPlanGivesWhatDidNotComeToOthers(t *testing.T) {
	p := NewPlan(album(t))
	lost := p.Take(10 * ChunkSize)
	p.Arrived(0)
	p.GiveBack(lost)
	if r := p.Take(1); r != (Range{1, 1}) {
		t.Errorf("took %v, want the first chunk that is not there", r)
	}
}

func TestPlanTakesAtLeastOneChunkAndAtMostTheLimit(t *testing.T) {
	p := NewPlan(newManifest(t, file("", 4*ChunkSize)))
	if r := p.Take(1); r.Count != 1 {
		t.Errorf("took %v of a limit below a chunk", r)
	}
	if r := p.Take(2*ChunkSize + 1); r.Count != 2 {
		t.Errorf("took %v of a limit of two chunks", r)
	}
}

func TestPlanOfNothingIsComplete(t *testing.T) {
	if p := NewPlan(newManifest(t, file("", 0))); !p.Complete() || p.More() {
		t.Error("an empty file waits for chunks")
	}
}

func TestWindowGrowsWhileChunksComeQuickly(t *testing.T) {
	var w Window
	before := w.Bytes()
	for range 100 {
		w.Waited(50 * time.Millisecond)
	}
	if w.Bytes() != maxWindow || before != minWindow {
		t.Errorf("grew from %d to %d", before, w.Bytes())
	}
	w.Waited(700 * time.Millisecond)
	if w.Bytes() != maxWindow {
		t.Errorf("changed to %d while chunks come in time", w.Bytes())
	}
	for range 100 {
		w.Waited(3 * time.Second)
	}
	if w.Bytes() != minWindow {
		t.Errorf("shrank to %d", w.Bytes())
	}
}

// TestClimb plays paths of which each connection gets so much.
func TestClimb(t *testing.T) {
	for name, path := range map[string]struct {
		rate func(connections int) float64
		want int
	}{
		"one connection fills a clean path": {func(int) float64 { return 300 }, 1},
		"each connection on a lossy path adds as much": {func(n int) float64 { return float64(n) },
			MaxConnections},
		"four connections fill the path": {func(n int) float64 { return min(float64(n), 4) }, 4},
	} {
		t.Run(name, func(t *testing.T) {
			c := NewClimb()
			most := 0
			for range 10 {
				c.Look(path.rate(c.Connections()))
				most = max(most, c.Connections())
			}
			if c.Connections() != path.want || most > 2*path.want {
				t.Errorf("settled at %d after at most %d connections, want %d", c.Connections(), most, path.want)
			}
		})
	}
}

func TestClimbTriesAgainLater(t *testing.T) {
	c := NewClimb()
	for range 10 {
		c.Look(1)
	}
	for range settledFor + 5 {
		c.Look(float64(c.Connections()))
	}
	if c.Connections() == 1 {
		t.Error("the path has begun to lose packets, and there is still one connection")
	}
}
