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
	if err := CheckLink(dir); err != nil {
		return nil, err
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

// CheckLink refuses a link, at the end of path, that belongs to somebody else but root:
// it would have us write where its owner likes. It is asked before anything is made
// there, which a link to nothing would have us do. The error is an *UnsafeError.
func CheckLink(path string) error {
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 && !ownedByUs(info) {
		return foreign(path, "is a symbolic link of another user's")
	}
	return nil
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
		Cause:  fmt.Sprintf("the directory %s %s", dir, what),
		Remedy: "choose one of your own, or run as its owner",
	}
}
