package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"peerd/wire"
)

// revived returns the store of a copy that was taken into use at the given time.
func revived(t *testing.T, copied string, at time.Time) *Store {
	t.Helper()
	content, err := os.ReadFile(copied)
	check(t, err)
	dir := t.TempDir()
	check(t, os.WriteFile(Path(dir), content, 0o600))
	check(t, Revive(t.Context(), dir, at))
	return openAt(t, dir)
}

func openAt(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	check(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func TestCopyHasEverythingButPrekeys(t *testing.T) {
	s := openTest(t)
	secret := bytes.Repeat([]byte("peerd prekey half"), 2)
	check(t, s.SavePrekey(t.Context(), 7, secret, noon))
	check(t, s.Pin(t.Context(), Contact{Key: bob, Name: "bob", PinnedAt: noon, Prekey: prekey(1)}))
	check(t, s.SetSetting(t.Context(), "colour", "blue"))
	accept(t, s, bob, "hello")
	path := filepath.Join(t.TempDir(), "copy.db")
	check(t, s.Snapshot(t.Context(), path))
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy is %v, %v; want it private", info.Mode(), err)
	}
	content, err := os.ReadFile(path)
	check(t, err)
	if bytes.Contains(content, secret) {
		t.Error("the copy has a private half of a prekey")
	}
	copied := revived(t, path, noon)
	if _, err := copied.Prekey(t.Context(), 7); !errors.Is(err, ErrNotFound) {
		t.Errorf("prekey: %v, want ErrNotFound", err)
	}
	if value, ok, err := copied.Setting(t.Context(), "colour"); value != "blue" || !ok || err != nil {
		t.Errorf("setting: %q, %v, %v", value, ok, err)
	}
	contacts, err := copied.Contacts(t.Context())
	if len(contacts) != 1 || err != nil {
		t.Errorf("contacts: %+v, %v", contacts, err)
	}
	waiting, err := copied.Pending(t.Context(), bob, 0, 10)
	if len(waiting) != 1 || waiting[0].Body != "hello" || err != nil {
		t.Errorf("pending: %+v, %v", waiting, err)
	}
}

// TestNoSequenceIsUsedTwice writes after the copy was made, and takes the copy
// into use twice: whatever it knows of, none of the numbers comes again.
func TestNoSequenceIsUsedTwice(t *testing.T) {
	s := openTest(t)
	used := map[wire.Key][]uint64{bob: {accept(t, s, bob, "before").Seq}}
	path := filepath.Join(t.TempDir(), "copy.db")
	check(t, s.Snapshot(t.Context(), path))
	used[bob] = append(used[bob], accept(t, s, bob, "after").Seq)
	used[carol] = append(used[carol], accept(t, s, carol, "to somebody the copy does not know").Seq)
	for _, at := range []time.Time{noon, noon.Add(time.Hour)} {
		copied := revived(t, path, at)
		for _, peer := range []wire.Key{bob, bob, carol, carol} {
			seq := accept(t, copied, peer, "from the copy").Seq
			if slices.Max(used[peer]) >= seq {
				t.Errorf("sequence %d comes after %v", seq, used[peer])
			}
			used[peer] = append(used[peer], seq)
		}
	}
}

func TestDamagedCopyIsRefused(t *testing.T) {
	s := openTest(t)
	for range 500 {
		accept(t, s, bob, "some text to fill a few pages with, so that one of them can be damaged")
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	check(t, s.Snapshot(t.Context(), path))
	content, err := os.ReadFile(path)
	check(t, err)
	for where, at := range map[string]int{
		"where a check finds it":        len(content) / 2,
		"where it is mended on the way": 0, // by Open
	} {
		t.Run(where, func(t *testing.T) {
			damaged := bytes.Clone(content)
			copy(damaged[at:], bytes.Repeat([]byte{0xff}, 4096))
			dir := t.TempDir()
			check(t, os.WriteFile(Path(dir), damaged, 0o600))
			if err := Revive(t.Context(), dir, noon); !errors.Is(err, ErrDamaged) {
				t.Errorf("got %v, want ErrDamaged", err)
			}
		})
	}
}

func TestCopyReplacesNoFile(t *testing.T) {
	s := openTest(t)
	accept(t, s, bob, "hello")
	path := filepath.Join(t.TempDir(), "copy.db")
	check(t, os.WriteFile(path, []byte("somebody's file"), 0o600))
	if err := s.Snapshot(t.Context(), path); err == nil {
		t.Error("a file that was there was written over")
	}
	if content, err := os.ReadFile(path); string(content) != "somebody's file" || err != nil {
		t.Errorf("somebody's file is %q, %v", content, err)
	}
}
