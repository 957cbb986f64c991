package privatesocket

import (
	"errors"
	"fmt"
	"net"
	"os"
)

// A StrangerError says that the process at the other end of a socket belongs to a
// user whom we have nothing to say to.
type StrangerError struct {
	UID  int // whose process it is
	Self int // whose ours is
}

func (e *StrangerError) Error() string {
	return fmt.Sprintf("user %d is at the other end of the socket, and not user %d", e.UID, e.Self)
}

// errHidden is about a unix socket inside another net.Conn, whose other end we cannot
// ask for. It must not pass for a connection that has no user.
var errHidden = errors.New("the socket is wrapped")

// Admit decides on the listener's side who may ask: our own user and root. The
// socket's mode says the same; this holds even where somebody has changed the mode.
// The error is a *StrangerError for everybody else. Systems that do not tell, and
// connections that are no unix sockets, leave it to the mode.
func Admit(conn net.Conn) error {
	uid, known, err := user(conn)
	if err != nil {
		return fmt.Errorf("ask who is calling: %w", err)
	}
	if self := os.Geteuid(); known && uid != self && uid != 0 {
		return &StrangerError{UID: uid, Self: self}
	}
	return nil
}

// Recognise decides on the connecting side whether the listener may be told
// anything: it must be our own user or root, so that a socket planted by somebody
// else learns nothing. Root talks to anybody's. Its errors are those of Admit.
func Recognise(conn net.Conn) error {
	uid, known, err := user(conn)
	if err != nil {
		return fmt.Errorf("ask who serves the socket: %w", err)
	}
	if self := os.Geteuid(); known && uid != self && uid != 0 && self != 0 {
		return &StrangerError{UID: uid, Self: self}
	}
	return nil
}

func user(conn net.Conn) (uid int, known bool, err error) {
	socket, ok := conn.(*net.UnixConn)
	switch {
	case ok:
		return userOf(socket)
	case conn.LocalAddr().Network() == "unix":
		return 0, false, errHidden
	}
	return 0, false, nil
}
