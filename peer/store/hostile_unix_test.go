//go:build unix

package store

import (
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
	for _, names := range [][]string{
		{lockName}, {fileName}, {indexName},
		{fileName + "-wal", fileName + "-shm", fileName + "-journal", indexName + "-wal", indexName + "-shm"},
	} {
		t.Run(names[0], func(t *testing.T) {
			dir, outside := t.TempDir(), t.TempDir()
			for i, name := range names { // empty ones too: SQLite takes such a file for a new database
				precious := filepath.Join(outside, name)
				check(t, errors.Join(os.WriteFile(precious, make([]byte, i), 0o644), os.Symlink(precious, filepath.Join(dir, name))))
			}
			if s, err := Open(dir); err == nil {
				check(t, s.Close())
			}
			for i, name := range names {
				info, err := os.Stat(filepath.Join(outside, name))
				if err != nil || info.Size() != int64(i) || info.Mode() != 0o644 {
					t.Errorf("the file that %s led to has changed: %v, %v", name, info, err)
				}
			}
		})
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
