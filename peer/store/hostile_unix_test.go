//go:build unix

package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"peerd/internal/statedir"
)

// TestT16LinksPlantedForTheStoreLeadNowhere has every file that the store makes lead to
// somebody's precious one. Nobody can plant a link in a state directory as it is now;
// this one was open to others once.
func TestT16LinksPlantedForTheStoreLeadNowhere(t *testing.T) {
	for _, name := range []string{lockName, fileName, fileName + "-wal", fileName + "-shm", fileName + "-journal", indexName, indexName + "-wal"} {
		for what, content := range map[string][]byte{"an empty file": nil, "a file": []byte("precious")} {
			t.Run(name+" leads to "+what, func(t *testing.T) {
				dir, precious := t.TempDir(), filepath.Join(t.TempDir(), "precious")
				check(t, errors.Join(os.WriteFile(precious, content, 0o644), os.Symlink(precious, filepath.Join(dir, name))))
				if s, err := Open(dir); err == nil {
					check(t, s.Close())
				}
				info, err := os.Stat(precious)
				check(t, err)
				if got, err := os.ReadFile(precious); err != nil || !bytes.Equal(got, content) || info.Mode() != 0o644 {
					t.Errorf("the file outside has %d bytes and mode %v (%v)", len(got), info.Mode(), err)
				}
			})
		}
	}
}

func TestT16DirectoryOthersWriteToIsRefusedBeforeAnythingIsOpened(t *testing.T) {
	dir := t.TempDir()
	check(t, os.Chmod(dir, 0o777))
	for name, open := range map[string]func() error{
		"open": func() error { _, err := Open(dir); return err },
		"hold": func() error { _, err := Hold(dir); return err },
	} {
		if _, unsafe := errors.AsType[*statedir.UnsafeError](open()); !unsafe {
			t.Errorf("%s: got %v", name, open())
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left there: %v, %v", entries, err)
	}
}
