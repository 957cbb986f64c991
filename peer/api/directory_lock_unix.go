//go:build unix

package api

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// lockPatience is how long to wait for others who make a socket in the same
	// directory. It takes them a millisecond, or a second if the daemon that they find
	// is stuck. Shorter, and of many that start together on a busy host some fail.
	lockPatience = 10 * time.Second
	// lockRetry is the time between two looks.
	lockRetry = 5 * time.Millisecond
)

// lockDirectory keeps two daemons from replacing the same stale socket at the
// same moment. The lock dies with the process. It is the directory's, so daemons with
// other sockets in it take turns: a lock file for each socket would stay behind, and
// could be somebody else's where all may write.
func lockDirectory(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := awaitLock(f); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

// awaitLock locks dir when it is free. It does not wait in the kernel, where nothing
// would bound it.
func awaitLock(dir *os.File) error {
	for began := time.Now(); time.Since(began) < lockPatience; time.Sleep(lockRetry) {
		err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return &os.PathError{Op: "flock", Path: dir.Name(), Err: err}
		}
	}
	return &Error{
		Code:    CodeOther,
		Message: fmt.Sprintf("directory %s of the control socket has been locked by another program for %v", dir.Name(), lockPatience),
		Hint:    "end that program, or choose another directory with --socket",
	}
}
