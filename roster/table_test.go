package roster

import (
	"testing"
	"time"

	"peerd/wire"
)

// member returns the row of a member whose key follows from its name.
func member(name string, online bool, since int) wire.Row {
	row := wire.Row{Name: name, Online: online, Since: time.Unix(int64(since), 0)}
	copy(row.Key[:], "key of "+name)
	return row
}

func TestPutMakesAVersionOnlyWhenARowDiffers(t *testing.T) {
	alice := member("alice", true, 1)
	prekey := alice
	prekey.Prekey.ID = 7
	zone := prekey
	zone.Since = prekey.Since.In(time.FixedZone("", 3600))
	renamed := prekey
	renamed.Name = "alicia"

	table := NewTable(1)
	for _, test := range []struct {
		proves  string
		row     wire.Row
		changed bool
	}{
		{"a new row", alice, true},
		{"the same row again", alice, false},
		{"a new prekey", prekey, true},
		{"the same instant in another zone", zone, false},
		{"another name", renamed, true},
		{"another instant", member("alicia", true, 2), true},
	} {
		test.row.Key = alice.Key
		before := table.Version()
		if changed := table.Put(test.row); changed != test.changed {
			t.Errorf("%s: changed is %v", test.proves, changed)
		}
		if made := table.Version() != before; made != test.changed {
			t.Errorf("%s: version went from %d to %d", test.proves, before, table.Version())
		}
	}
}

func TestRemoveMakesAVersionOnlyWhenThereIsARow(t *testing.T) {
	table := NewTable(1)
	alice := member("alice", true, 1)
	if table.Remove(alice.Key) || table.Version() != 0 {
		t.Errorf("removing nobody made version %d", table.Version())
	}
	table.Put(alice)
	if !table.Remove(alice.Key) || table.Version() != 2 || table.Len() != 0 {
		t.Errorf("version %d, %d rows", table.Version(), table.Len())
	}
}

func TestTableFindsRowsByNameThroughRenames(t *testing.T) {
	table := NewTable(1)
	alice, bob := member("alice", true, 1), member("bob", true, 1)
	table.Put(alice)
	table.Put(bob)

	renamed := alice
	renamed.Name = "carol"
	table.Put(renamed)
	if _, found := table.ByName("alice"); found {
		t.Error("the old name still leads somewhere")
	}
	if row, found := table.ByName("carol"); !found || row.Key != alice.Key {
		t.Errorf("carol is %v, %v", row.Key, found)
	}

	taken := bob
	taken.Name = "alice" // free since the rename
	table.Put(taken)
	if row, found := table.ByName("alice"); !found || row.Key != bob.Key {
		t.Errorf("alice is %v, %v", row.Key, found)
	}
	table.Remove(alice.Key) // whose first name was alice
	if _, found := table.ByName("alice"); !found {
		t.Error("removing carol took away the name she no longer had")
	}
	if _, found := table.ByName("carol"); found {
		t.Error("a removed row is still found by name")
	}
}

func TestAllYieldsEveryRowAndStopsWhenAsked(t *testing.T) {
	table := NewTable(1)
	for _, name := range []string{"alice", "bob", "carol"} {
		table.Put(member(name, true, 1))
	}
	seen := map[string]int{}
	for row := range table.All() {
		seen[row.Name]++
	}
	if len(seen) != 3 || seen["alice"] != 1 || seen["bob"] != 1 || seen["carol"] != 1 {
		t.Errorf("yielded %v", seen)
	}
	for range table.All() {
		break // a yield after this panics
	}
}
