package store

import (
	"math"
	"slices"
	"testing"

	"peerd/wire"
)

func TestRosterIsLoadedAsSaved(t *testing.T) {
	s := openTest(t)
	rowA := wire.Row{Key: alice, Name: "alice", Prekey: prekey(math.MaxUint64), Online: true, Since: noon}
	rowB := wire.Row{Key: bob, Name: "bob"}
	rowC := wire.Row{Key: carol, Name: "carol", Since: noon}
	renamed := wire.Row{Key: bob, Name: "bobby", Online: true, Since: noon}

	for _, step := range []struct {
		name           string
		epoch, version uint64
		changed        []wire.Row
		removed        []wire.Key
		replaceAll     bool
		want           []wire.Row
	}{
		{"snapshot", math.MaxUint64, 1, []wire.Row{rowA, rowB}, nil, true, []wire.Row{rowA, rowB}},
		{"delta", math.MaxUint64, 2, []wire.Row{renamed, rowC}, []wire.Key{alice}, false, []wire.Row{renamed, rowC}},
		{"unknown key removed", math.MaxUint64, 3, nil, []wire.Key{{9}}, false, []wire.Row{renamed, rowC}},
		{"snapshot of a new epoch", 7, 1, []wire.Row{rowB}, nil, true, []wire.Row{rowB}},
		{"empty snapshot", 8, 0, nil, nil, true, nil},
	} {
		t.Run(step.name, func(t *testing.T) {
			check(t, s.SaveRoster(t.Context(), step.epoch, step.version, step.changed, step.removed, step.replaceAll))
			epoch, version, rows, err := s.LoadRoster(t.Context())
			if epoch != step.epoch || version != step.version || !slices.Equal(rows, step.want) || err != nil {
				t.Errorf("got %d, %d, %+v, %v", epoch, version, rows, err)
			}
		})
	}
}

func TestRosterIsEmptyAtFirst(t *testing.T) {
	epoch, version, rows, err := openTest(t).LoadRoster(t.Context())
	if epoch != 0 || version != 0 || rows != nil || err != nil {
		t.Errorf("got %d, %d, %v, %v", epoch, version, rows, err)
	}
}
