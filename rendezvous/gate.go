package rendezvous

import (
	"net"
	"syscall"
)

// A gate is the TCP connection below a control connection's TLS. It lets an idle
// peer's goroutine wait on the bare socket, where a stack of 2 KiB is enough:
// waiting inside TLS takes 8 KiB, for ever, for every idle peer.
//
// Only one goroutine at a time may read.
type gate struct {
	net.Conn
	raw   syscall.RawConn // nil where we cannot look: then Read always waits
	eager bool            // Read returns errNothingYet instead of waiting
}

// errNothingYet says that a Read would have to wait. It is temporary, so that
// TLS goes on where it was with the next Read.
var errNothingYet error = nothingYet{}

type nothingYet struct{}

func (nothingYet) Error() string   { return "nothing to read yet" }
func (nothingYet) Timeout() bool   { return true }
func (nothingYet) Temporary() bool { return true }
