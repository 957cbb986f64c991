package store

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
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
	if newest.ID != 7 || string(newest.Private) != "new" || !newest.Created.Equal(noon.Add(time.Hour)) || err != nil {
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

func TestDeletedPrekeyIsGoneFromTheFile(t *testing.T) {
	dir := t.TempDir()
	s := reopen(t, dir)
	secret := []byte("canary: 32 bytes of private key.")
	check(t, s.SavePrekey(t.Context(), 1, secret, noon))
	check(t, s.Close())
	if file, err := os.ReadFile(filepath.Join(dir, fileName)); err != nil || !bytes.Contains(file, secret) {
		t.Fatalf("the canary cannot be seen in the file before (error %v)", err)
	}
	s = reopen(t, dir)
	check(t, s.DeletePrekeysOutside(t.Context(), noon.Add(1), noon.Add(2)))
	check(t, s.Close())
	if file, err := os.ReadFile(filepath.Join(dir, fileName)); err != nil || bytes.Contains(file, secret) {
		t.Errorf("the file still holds the private key (error %v)", err)
	}
}
