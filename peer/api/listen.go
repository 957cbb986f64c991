package api

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"peerd/internal/privatesocket"
	"peerd/internal/statedir"
)

// Listen makes the control socket at path, for [Serve]. The socket has mode
// 0600 from the moment it can be seen, whatever the umask: it is bound in a
// private directory beside path and renamed. A missing directory is created
// with mode 0700.
//
// The socket of a dead daemon is replaced. A live one, and anything that is not
// a socket, symbolic links included, is left alone and an error.
func Listen(path string) (net.Listener, error) {
	dir := filepath.Dir(path)
	if err := prepareDirectory(dir); err != nil {
		return nil, err
	}
	unlock, err := lockDirectory(dir)
	if err != nil {
		return nil, fmt.Errorf("make socket %s: %w", path, err)
	}
	defer unlock()
	if err := checkVacant(path); err != nil {
		return nil, err
	}
	return bind(path)
}

// prepareDirectory refuses a directory in which other users could replace the
// socket by their own.
func prepareDirectory(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create the socket's directory: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if statedir.OthersReplace(info) {
		return &Error{
			Code:    CodeDenied,
			Message: fmt.Sprintf("directory %s of the control socket belongs to another user or may be written by others", dir),
			Hint:    "chmod go-w " + dir + ", or choose another with --socket",
		}
	}
	return nil
}

func checkVacant(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look at socket %s: %w", path, err)
	case info.Mode()&fs.ModeSymlink != 0:
		return usage("socket %s is a symbolic link: remove it or choose another with --socket", path)
	case info.Mode()&fs.ModeSocket == 0:
		return usage("socket %s exists and is not a socket: remove it or choose another with --socket", path)
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return nil // nobody listens: its daemon is dead
	}
	if err == nil {
		conn.Close()
	}
	return &Error{
		Code:    CodeOther,
		Message: fmt.Sprintf("another daemon is running on socket %s", path),
		Hint:    "stop it, or start this one with another --state or --socket",
	}
}

func bind(path string) (net.Listener, error) {
	l, err := privatesocket.Listen(path)
	if errors.Is(err, privatesocket.ErrPathTooLong) {
		return nil, usage("path %s is too long for a socket: choose a shorter one with --socket", path)
	}
	return l, err
}
