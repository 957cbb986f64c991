//go:build linux || darwin || freebsd

package privatesocket

import (
	"errors"
	"net"
)

// control runs ask with the socket's file descriptor.
func control(socket *net.UnixConn, ask func(fd int) error) error {
	raw, err := socket.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = ask(int(fd)) })
	return errors.Join(err, failed)
}
