//go:build unix

package rendezvous

import (
	"io"
	"net"
	"syscall"
)

func newGate(conn net.Conn, who *stranger) *gate {
	g := &gate{Conn: conn, stranger: who}
	if socket, ok := conn.(syscall.Conn); ok {
		g.raw, _ = socket.SyscallConn()
	}
	return g
}

// somethingToRead reports false when a read would wait. It must look, and not
// only wait for the poller: what came before the wait began raises no event.
func somethingToRead(fd uintptr) bool {
	var b [1]byte
	_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
	return err != syscall.EAGAIN && err != syscall.EINTR
}

// await waits until there is something to read, or the end of the connection.
// It returns the error of a passed read deadline or a closed connection.
func (g *gate) await() error {
	if g.raw == nil {
		return nil
	}
	return g.raw.Read(somethingToRead)
}

// readNow reads what is there, and never waits.
func (g *gate) readNow(b []byte) (n int, err error) {
	failed := g.raw.Read(func(fd uintptr) bool {
		n, err = syscall.Read(int(fd), b)
		return true
	})
	switch {
	case failed != nil:
		return 0, failed
	case err == syscall.EAGAIN || err == syscall.EINTR:
		return 0, errNothingYet
	case err != nil:
		return 0, &net.OpError{Op: "read", Net: "tcp", Addr: g.RemoteAddr(), Err: err}
	case n == 0 && len(b) > 0:
		return 0, io.EOF
	}
	return n, nil
}
