// Package statedir says where our programs keep what must survive a restart,
// when the user does not: keys, history, the control socket. It serves the
// three commands, so that peerctl finds the socket peerd made.
package statedir

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// SocketVariable names the environment variable with the control socket's path.
const SocketVariable = "PEERD_SOCKET"

// Default returns the state directory of program ("peerd", "rendezvous"),
// without creating it:
//
//	root             /var/lib/PROGRAM
//	others           $XDG_STATE_HOME/PROGRAM, else ~/.local/state/PROGRAM
//	macOS, Windows   the user's application data
func Default(program string) (string, error) {
	switch {
	case runtime.GOOS == "windows" || runtime.GOOS == "darwin":
		return under(program, os.UserConfigDir)
	case os.Geteuid() == 0:
		return filepath.Join("/var/lib", program), nil
	}
	// The XDG specification tells us to ignore a relative path.
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, program), nil
	}
	return under(filepath.Join(".local/state", program), os.UserHomeDir)
}

func under(path string, base func() (string, error)) (string, error) {
	dir, err := base()
	if err != nil {
		return "", fmt.Errorf("find the default state directory: %w", err)
	}
	return filepath.Join(dir, path), nil
}

// Socket returns the path of the control socket in state directory dir.
func Socket(dir string) string { return filepath.Join(dir, "peerd.sock") }

// DefaultSocket returns $PEERD_SOCKET, else the socket in peerd's default state
// directory.
func DefaultSocket() (string, error) {
	if path := os.Getenv(SocketVariable); path != "" {
		return path, nil
	}
	dir, err := Default("peerd")
	if err != nil {
		return "", err
	}
	return Socket(dir), nil
}
