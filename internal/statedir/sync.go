package statedir

import (
	"errors"
	"fmt"
	"os"
	"runtime"
)

// Sync makes the names of the files in directory dir survive a power cut: syncing
// a new file alone keeps its content, and not everywhere the way to it.
func Sync(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be synced there, and need not be
	}
	opened, err := os.Open(dir)
	if err == nil {
		err = errors.Join(opened.Sync(), opened.Close())
	}
	if err != nil {
		return fmt.Errorf("sync directory %s: %w", dir, err)
	}
	return nil
}
