package api

import (
	"fmt"
	"net"
	"os"
)

// admit decides on the server's side who may talk to the daemon: its own user
// and root, as far as the system tells ([peerUID]). The socket's mode says the
// same; this holds even where somebody has changed the mode.
func admit(conn net.Conn) *Error {
	uid, known, err := peerUID(conn)
	if err != nil {
		return &Error{Code: CodeDenied, Message: "cannot tell who is calling: " + err.Error()}
	}
	self := os.Geteuid()
	if !known || uid == self || uid == 0 {
		return nil
	}
	return &Error{
		Code:    CodeDenied,
		Message: fmt.Sprintf("this daemon belongs to user %d, you are user %d", self, uid),
		Hint:    fmt.Sprintf("use your own daemon (peerd run), or become its user: sudo -u '#%d' peerctl …", self),
	}
}

// recognise decides on the client's side whether the daemon may be told
// anything: it must be the user's own or root's, so that a socket planted by
// somebody else learns nothing. Root talks to anybody's daemon.
func recognise(conn net.Conn) error {
	uid, known, err := peerUID(conn)
	if err != nil {
		return fmt.Errorf("ask who serves the socket: %w", err)
	}
	self := os.Geteuid()
	if !known || uid == self || uid == 0 || self == 0 {
		return nil
	}
	return &Error{
		Code:    CodeDenied,
		Message: fmt.Sprintf("the socket is served by user %d, who is neither you nor root", uid),
		Hint:    "choose your own daemon's socket with --socket or $PEERD_SOCKET",
	}
}
