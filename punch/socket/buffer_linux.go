package socket

import (
	"errors"

	"golang.org/x/sys/unix"
)

// receiveBuffer returns how many bytes the kernel keeps for us until we read.
func receiveBuffer(conn datagramConn) (bytes int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var optionErr error
	err = raw.Control(func(fd uintptr) {
		bytes, optionErr = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
	})
	return bytes / 2, errors.Join(err, optionErr) // the kernel doubles it for its own needs
}
