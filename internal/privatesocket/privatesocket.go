// Package privatesocket is unix sockets that are for their owner only: it binds
// them, and tells whether the process at the other end is the owner's. It serves
// the control socket of peerd and the admin socket of rendezvous.
//
// It does not decide whether the path is free, nor what a stranger is told: whoever
// listens does (see peer/api for both).
package privatesocket

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// ErrPathTooLong means that the path does not fit into a socket address, which
// holds about a hundred bytes.
var ErrPathTooLong = errors.New("path is too long for a socket")

// Listen binds a unix socket at path, in place of what is there. The socket has
// mode 0600 from the moment it can be seen, whatever the umask: it is bound in
// a directory of its own beside path, and renamed. Closing the listener removes
// the socket, unless another process has put its own there since.
func Listen(path string) (_ net.Listener, err error) {
	// One character of prefix, because the path may not be long.
	private, err := os.MkdirTemp(filepath.Dir(path), ".")
	if err != nil {
		return nil, fmt.Errorf("make socket %s: %w", path, err)
	}
	defer os.RemoveAll(private)
	hidden := filepath.Join(private, "s")
	unix, err := net.ListenUnix("unix", &net.UnixAddr{Name: hidden, Net: "unix"})
	if errors.Is(err, syscall.EINVAL) {
		return nil, fmt.Errorf("make socket %s: %w", path, ErrPathTooLong)
	}
	if err != nil {
		return nil, fmt.Errorf("make socket %s: %w", path, err)
	}
	unix.SetUnlinkOnClose(false) // it would remove the hidden name
	defer func() {
		if err != nil {
			unix.Close()
		}
	}()
	if err := os.Chmod(hidden, 0o600); err != nil {
		return nil, fmt.Errorf("make socket %s: %w", path, err)
	}
	made, err := os.Lstat(hidden)
	if err != nil {
		return nil, fmt.Errorf("make socket %s: %w", path, err)
	}
	if err := os.Rename(hidden, path); err != nil {
		return nil, fmt.Errorf("make socket %s: %w", path, err)
	}
	return &listener{UnixListener: unix, path: path, made: made}, nil
}

// listener removes its socket once when it closes.
type listener struct {
	*net.UnixListener
	path string
	made fs.FileInfo
	once sync.Once
}

func (l *listener) Close() error {
	l.once.Do(func() {
		if info, err := os.Lstat(l.path); err == nil && os.SameFile(info, l.made) {
			os.Remove(l.path)
		}
	})
	return l.UnixListener.Close()
}
