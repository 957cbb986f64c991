package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"peerd/internal/statedir"
)

// lockName is the file whose lock means that the directory is taken. It stays
// when the process ends; only the lock on it counts.
const lockName = "lock"

// An InUseError says that another process holds the state directory.
type InUseError struct{ Dir string }

func (e *InUseError) Error() string {
	return fmt.Sprintf("state directory %s is in use by another process; stop it, or choose another directory", e.Dir)
}

// errLocked is tryLock's way to say that somebody else has the lock.
var errLocked = errors.New("locked")

// A directoryLock is held for the life of a Store. The operating system takes
// it back when the process dies, however it dies.
type directoryLock struct{ file *os.File }

// Hold takes a state directory, so that no daemon starts in it, until release is
// called, making it where it is missing. The error is an *InUseError when another
// process has it, and a *statedir.UnsafeError when other users could write to it.
func Hold(dir string) (release func() error, err error) {
	lock, err := lockDirectory(dir)
	if err != nil {
		return nil, err
	}
	return lock.release, nil
}

func lockDirectory(dir string) (*directoryLock, error) {
	root, err := statedir.Open(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	file, err := root.OpenFile(lockName, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock state directory %s: %w", dir, err)
	}
	err = tryLock(file)
	switch {
	case errors.Is(err, errLocked):
		return nil, errors.Join(&InUseError{Dir: dir}, file.Close())
	case err != nil:
		return nil, errors.Join(fmt.Errorf("lock %s: %w", filepath.Join(dir, lockName), err), file.Close())
	}
	return &directoryLock{file}, nil
}

// release gives the directory up; closing the file unlocks it.
func (l *directoryLock) release() error { return l.file.Close() }
