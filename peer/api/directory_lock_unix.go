//go:build unix

package api

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockDirectory keeps two daemons from replacing the same stale socket at the
// same moment. It does not wait, and the lock dies with the process.
func lockDirectory(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, &os.PathError{Op: "flock", Path: dir, Err: err}
	}
	return func() { f.Close() }, nil
}
