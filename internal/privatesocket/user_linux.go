package privatesocket

import (
	"net"

	"golang.org/x/sys/unix"
)

// userOf asks for SO_PEERCRED (unix(7)): the effective user id at the other end when
// it connected or, on the connecting side, when it began to listen.
func userOf(socket *net.UnixConn) (uid int, known bool, err error) {
	err = control(socket, func(fd int) error {
		credentials, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
		if err == nil {
			uid, known = int(credentials.Uid), true
		}
		return err
	})
	return uid, known, err
}
