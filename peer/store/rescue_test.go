package store

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"peerd/wire"
)

// Groups and classic users are a key and a name both: only the length of the key says
// which of them a row is.
func TestRowsThatLookAlikeAreSavedWithoutTheSchema(t *testing.T) {
	const each = 20
	dir := t.TempDir()
	s := reopen(t, dir)
	for i := range each {
		name := fmt.Sprintf("number %d", i)
		members := []wire.GroupMember{{Key: alice, Change: 1}}
		check(t, s.ApplyGroup(t.Context(), wire.Group{ID: wire.GroupID{1, byte(i)}, Name: name, Members: members}))
		check(t, s.NameClassicUsers(t.Context(), ClassicUser{Key: ClassicKey(name), Name: name}))
	}
	check(t, s.Close())
	damagePage(t, dir, 0, func(page []byte) { clear(page) })

	s = reopen(t, dir)
	groups, err := s.Groups(t.Context())
	check(t, err)
	users, err := s.ClassicUsers(t.Context())
	check(t, err)
	if len(groups) != each || len(users) != each {
		t.Errorf("%d groups and %d classic users are left, want %d each", len(groups), len(users), each)
	}
}

func TestMessagesAreMissedEvenWhenAllAreLost(t *testing.T) {
	dir := t.TempDir()
	s := reopen(t, dir)
	for i := range 3 {
		accept(t, s, alice, fmt.Sprintf("soon lost, number %d", i))
	}
	check(t, s.Close())
	content, err := os.ReadFile(Path(dir))
	check(t, err)
	lost := bytes.Index(content, []byte("soon lost")) / defaultPageSize
	damagePage(t, dir, lost, func(page []byte) { clear(page) })

	s = reopen(t, dir)
	check(t, s.database.check(t.Context()))
	damage, err := s.LastDamage(t.Context())
	check(t, err)
	if damage.Messages != 0 || damage.Missing != 3 {
		t.Errorf("told of %d messages and %d missing, want 3 missing", damage.Messages, damage.Missing)
	}
	// Cursors of programs that read along would be ahead of it.
	if m := accept(t, s, alice, "life goes on"); m.Row != 4 {
		t.Errorf("the next message has row %d, want 4, which was never used", m.Row)
	}
}

// A daemon that goes on while a complete copy cannot be brought into its place must not
// begin an empty file there: it would be taken for the damaged one.
func TestCompleteCopyWaitsForItsPlace(t *testing.T) {
	dir, said := sound(t)
	before, err := os.ReadFile(Path(dir))
	check(t, err)
	kinds := kindsOf(t, Path(dir))
	s := reopen(t, dir)
	obstacle := Path(dir) + "-shm"
	check(t, os.Remove(obstacle))
	check(t, os.MkdirAll(filepath.Join(obstacle, "in the way"), 0o700))
	file, err := os.OpenFile(Path(dir), os.O_RDWR, 0)
	check(t, err)
	_, err = file.WriteAt(make([]byte, defaultPageSize), int64(lastOf(kinds, "leaf of a table"))*defaultPageSize)
	check(t, err)
	check(t, file.Close())
	_ = s.SetSetting(t.Context(), "a change", "drops what readers have in memory") // it may fail: it may find the damage
	if err := s.database.check(t.Context()); err == nil {
		t.Fatal("mended in spite of what is in the way")
	}

	check(t, os.RemoveAll(obstacle))
	check(t, s.SetSetting(t.Context(), "another change", "before which the file is mended"))
	damage := <-s.Mended()
	if kept, err := os.ReadFile(damage.Kept); err != nil || len(kept) != len(before) {
		t.Errorf("%d bytes of the damaged file are kept (%v), want %d", len(kept), err, len(before))
	}
	for _, when := range []string{"at once", "after another start"} {
		if left := everyMessage(t, s); len(left) < len(said)-mostOnAPage {
			t.Errorf("%s %d of %d messages are left", when, len(left), len(said))
		}
		check(t, s.Close())
		s = reopen(t, dir)
	}
}
