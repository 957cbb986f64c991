package store

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPrekeysAreKeptUntilDeleted(t *testing.T) {
	s := openTest(t)
	if _, err := s.NewestPrekey(t.Context()); !errors.Is(err, ErrNotFound) {
		t.Errorf("newest of none: %v, want ErrNotFound", err)
	}
	check(t, s.SavePrekey(t.Context(), math.MaxUint64, []byte("old"), noon))
	check(t, s.SavePrekey(t.Context(), 7, []byte("new"), noon.Add(time.Hour)))
	if err := s.SavePrekey(t.Context(), 7, []byte("other"), noon); err == nil {
		t.Error("a prekey took the place of another")
	}

	if private, err := s.Prekey(t.Context(), math.MaxUint64); string(private) != "old" || err != nil {
		t.Errorf("got %q, %v", private, err)
	}
	newest, err := s.NewestPrekey(t.Context())
	if newest.ID != 7 || string(newest.Private.Reveal()) != "new" || !newest.Created.Equal(noon.Add(time.Hour)) || err != nil {
		t.Errorf("newest is %+v, %v", newest, err)
	}

	check(t, s.SavePrekey(t.Context(), 8, []byte("of the future"), noon.Add(2*time.Hour)))
	check(t, s.DeletePrekeysOutside(t.Context(), noon.Add(time.Hour), noon.Add(time.Hour)))
	if _, err := s.Prekey(t.Context(), 8); !errors.Is(err, ErrNotFound) {
		t.Errorf("prekey of a later time: %v, want ErrNotFound", err)
	}
	if _, err := s.Prekey(t.Context(), math.MaxUint64); !errors.Is(err, ErrNotFound) {
		t.Errorf("deleted prekey: %v, want ErrNotFound", err)
	}
	if _, err := s.Prekey(t.Context(), 7); err != nil {
		t.Errorf("prekey of that very time: %v", err)
	}
}

// TestT24DeletedPrekeyIsGoneFromTheDisk looks for the private half in every file
// that there is, while the store stays open, as it does for weeks.
func TestT24DeletedPrekeyIsGoneFromTheDisk(t *testing.T) {
	dir := t.TempDir()
	s := reopen(t, dir)
	stopIndexing(s)
	check(t, s.SavePrekey(t.Context(), 1, []byte(privateHalf), noon))
	accept(t, s, alice, "so that the index has something, too")
	if found := filesWith(t, dir, privateHalf); len(found) == 0 {
		t.Fatal("the private half cannot be seen on the disk before it is deleted")
	}
	check(t, s.EmptyLog(t.Context()))
	if found := filesWith(t, dir, privateHalf); !slices.Equal(found, []string{fileName}) {
		t.Fatalf("after the log was emptied %q hold the private half, want the file", found)
	}
	check(t, s.SavePrekey(t.Context(), 2, []byte("the next one"), noon.Add(2)))
	check(t, s.DeletePrekeysOutside(t.Context(), noon.Add(1), noon.Add(2)))
	searched(t, s, Search{Texts: []string{"something"}})
	check(t, s.EmptyLog(t.Context()))
	check(t, s.Snapshot(t.Context(), filepath.Join(dir, "copy.db")))
	if found := filesWith(t, dir, privateHalf); len(found) > 0 {
		t.Errorf("still in %q", found)
	}
	check(t, s.Close())
	if found := filesWith(t, dir, privateHalf); len(found) > 0 {
		t.Errorf("after the end still in %q", found)
	}
}

// A copy is made to be kept, so it never has the prekeys that are in use.
func TestT24CopyOfTheStoreHasNoPrekey(t *testing.T) {
	s := openTest(t)
	check(t, s.SavePrekey(t.Context(), 1, []byte(privateHalf), noon))
	elsewhere := t.TempDir()
	check(t, s.Snapshot(t.Context(), filepath.Join(elsewhere, "copy.db")))
	if found := filesWith(t, elsewhere, privateHalf); len(found) > 0 {
		t.Errorf("the private half is in %q", found)
	}
	if private, err := s.Prekey(t.Context(), 1); string(private) != privateHalf || err != nil {
		t.Errorf("the store has lost its prekey: %q, %v", private, err)
	}
}

// What is put aside of a damaged file is kept for as long as the user likes.
func TestT24DamagedFileIsKeptWithoutPrekeys(t *testing.T) {
	dir := t.TempDir()
	s := reopen(t, dir)
	accept(t, s, alice, strings.Repeat("several pages long ", 1000))
	check(t, s.SavePrekey(t.Context(), 7, []byte(privateHalf), noon))
	damaged := t.TempDir() // as if the process had died: with a log that was not moved into the file
	for _, name := range []string{fileName, fileName + "-wal"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		check(t, err)
		check(t, os.WriteFile(filepath.Join(damaged, name), content, 0o600))
	}
	if found := filesWith(t, damaged, privateHalf); !slices.Equal(found, []string{fileName + "-wal"}) {
		t.Fatalf("before the damage %q hold the private half, want the log", found)
	}
	_, err := rescueFile(t.Context(), damaged, ErrDamaged)
	check(t, err)
	if found := filesWith(t, damaged, privateHalf); !slices.Equal(found, []string{fileName}) {
		t.Errorf("%q hold the private half, want the mended file alone", found)
	}
	kept, err := filepath.Glob(filepath.Join(damaged, "*"+damagedSuffix+"*"))
	if len(kept) != 2 || err != nil {
		t.Errorf("kept %q, %v; want the file and its log", kept, err)
	}
}

func TestOverwritingFindsWhatLiesAcrossTwoLooks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	secret := []byte(privateHalf)
	for _, at := range []int{0, scanSize - 1, scanSize - len(secret), scanSize, scanSize + len(secret) - 1, 2*scanSize + 5} {
		content := bytes.Repeat([]byte{'x'}, 2*scanSize+100)
		copy(content[at:], secret)
		check(t, os.WriteFile(path, content, 0o600))
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		check(t, err)
		check(t, overwrite(file, [][]byte{[]byte("another"), secret}))
		check(t, file.Close())
		got, err := os.ReadFile(path)
		check(t, err)
		clear(content[at:][:len(secret)])
		if !bytes.Equal(got, content) {
			t.Errorf("at %d: not overwritten, or more than that", at)
		}
	}
}

// filesWith returns the names of the files in dir that hold secret.
func filesWith(t *testing.T, dir, secret string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	check(t, err)
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		check(t, err)
		if bytes.Contains(content, []byte(secret)) {
			names = append(names, entry.Name())
		}
	}
	return names
}
