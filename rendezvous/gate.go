package rendezvous

import (
	"errors"
	"net"
	"syscall"
)

// A gate is the TCP connection below a control connection's TLS. It lets an idle
// peer's goroutine wait on the bare socket, where a stack of 2 KiB is enough:
// waiting inside TLS takes 8 KiB, for ever, for every idle peer. And it bounds
// what a stranger may say.
//
// Only one goroutine at a time may read.
type gate struct {
	net.Conn
	raw   syscall.RawConn // nil where we cannot look: then Read always waits
	eager bool            // Read returns errNothingYet instead of waiting

	stranger *stranger // nil: logged in
	said     int       // bytes that the stranger has said
	turns    *turns    // nil until a whole ClientHello has been said
	hasTurn  bool
}

// errNothingYet says that a Read would have to wait. It is temporary, so that
// TLS goes on where it was with the next Read.
var errNothingYet error = nothingYet{}

type nothingYet struct{}

func (nothingYet) Error() string   { return "nothing to read yet" }
func (nothingYet) Timeout() bool   { return true }
func (nothingYet) Temporary() bool { return true }

// errTalkative ends the connection of a stranger who says more than a login.
var errTalkative = errors.New("more was said than a login needs")

// Read reads what is there, or waits for it unless the gate is eager.
func (g *gate) Read(b []byte) (int, error) {
	if g.stranger != nil {
		return g.readStranger(b)
	}
	if g.eager && g.raw != nil {
		return g.readNow(b)
	}
	return g.Conn.Read(b)
}

// readStranger reads what somebody says who has not logged in yet. A handshake that
// reads has done its work for now; for what it reads it has to have another turn.
func (g *gate) readStranger(b []byte) (int, error) {
	g.endTurn()
	if g.said >= maxSaidByStranger {
		return 0, errTalkative
	}
	n, err := g.Conn.Read(b[:min(len(b), maxSaidByStranger-g.said)])
	g.said += n
	if err == nil && g.turns != nil {
		g.stranger.rise(answered)
		err = g.takeTurn()
	}
	return n, err
}

func (g *gate) takeTurn() error {
	err := g.turns.take(g.stranger)
	g.hasTurn = err == nil
	return err
}

// endTurn ends the turn of the handshake, if it has one.
func (g *gate) endTurn() {
	if g.hasTurn {
		g.hasTurn = false
		g.turns.end()
	}
}

// open makes the stranger one who has logged in: it need not give way to others any
// more.
func (g *gate) open() {
	g.stranger.home.leave(g.stranger)
	g.stranger = nil
}
