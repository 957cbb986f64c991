package api

import (
	"errors"
	"fmt"
	"net"

	"peerd/internal/privatesocket"
)

// admit decides on the server's side who may talk to the daemon, see
// [privatesocket.Admit].
func admit(conn net.Conn) *Error {
	err := privatesocket.Admit(conn)
	if stranger, ok := errors.AsType[*privatesocket.StrangerError](err); ok {
		return &Error{
			Code:    CodeDenied,
			Message: fmt.Sprintf("this daemon belongs to user %d, you are user %d", stranger.Self, stranger.UID),
			Hint:    fmt.Sprintf("use your own daemon (peerd run), or become its user: sudo -u '#%d' peerctl …", stranger.Self),
		}
	}
	if err != nil {
		return &Error{Code: CodeDenied, Message: "cannot tell who is calling: " + err.Error()}
	}
	return nil
}

// recognise decides on the client's side whether the daemon may be told anything,
// see [privatesocket.Recognise].
func recognise(conn net.Conn) error {
	err := privatesocket.Recognise(conn)
	if stranger, ok := errors.AsType[*privatesocket.StrangerError](err); ok {
		return &Error{
			Code:    CodeDenied,
			Message: fmt.Sprintf("the socket is served by user %d, who is neither you nor root", stranger.UID),
			Hint:    "choose your own daemon's socket with --socket or $PEERD_SOCKET",
		}
	}
	return err
}
