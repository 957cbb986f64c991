package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"peerd/internal/exitcode"
)

// An UnsafeError says that other users of the machine could put files of theirs in
// the place of those in a directory.
type UnsafeError struct {
	Dir string
	// Cause is what is wrong with Dir, Remedy what its user can do about it.
	Cause, Remedy string
}

func (e *UnsafeError) Error() string { return e.Cause + ": " + e.Remedy }

// ExitCode implements exitcode.Coder.
func (e *UnsafeError) ExitCode() int { return exitcode.Denied }

// Open opens a directory of ours, making it (mode 0700) where it is missing. What
// is in it is to be reached through the returned root, which no link leads out of.
//
// The error is an *UnsafeError when somebody else but root owns the directory or
// the link that leads to it, or may write to it: whoever can replace the key is the
// peer, and whoever can plant a link there chooses what we overwrite. That others
// can list it is no harm. On Windows the access list of the user's profile is what
// keeps others out, and nothing is asked.
func Open(dir string) (*os.Root, error) {
	// Before it is made: a link to nothing would have us make that.
	if info, err := os.Lstat(dir); err == nil && info.Mode()&fs.ModeSymlink != 0 && !ownedByUs(info) {
		return nil, foreign(dir, "is a symbolic link of another user's")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the state directory: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the state directory: %w", err)
	}
	if err := check(root); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

// Check is Open for those who need no root.
func Check(dir string) error {
	root, err := Open(dir)
	if err != nil {
		return err
	}
	return root.Close()
}

// check looks at the directory that was opened, whatever its name leads to by now.
func check(root *os.Root) error {
	info, err := root.Stat(".")
	if err != nil {
		return fmt.Errorf("look at the state directory: %w", err)
	}
	switch {
	case !ownedByUs(info):
		return foreign(root.Name(), "belongs to another user")
	case othersWrite(info):
		return &UnsafeError{
			Dir:    root.Name(),
			Cause:  fmt.Sprintf("others can write to the state directory %s (mode %04o)", root.Name(), info.Mode().Perm()),
			Remedy: fmt.Sprintf("run `chmod 700 %s`", root.Name()),
		}
	}
	return nil
}

// OthersReplace reports whether users other than ours and root could replace a file of
// ours in a directory. In a sticky one, such as /tmp, they cannot.
func OthersReplace(directory fs.FileInfo) bool {
	return !ownedByUs(directory) || othersWrite(directory) && directory.Mode()&fs.ModeSticky == 0
}

func foreign(dir, what string) *UnsafeError {
	return &UnsafeError{
		Dir:    dir,
		Cause:  fmt.Sprintf("the state directory %s %s", dir, what),
		Remedy: "choose one of your own with --state, or run as its owner",
	}
}
