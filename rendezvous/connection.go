package rendezvous

import (
	"errors"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"peerd/rendezvous/classic"
	"peerd/wire"
)

// frameBuffer holds any frame but those with large envelopes, which are
// allocated when they come.
const frameBuffer = 2 << 10

// A connection is one logged-in peer's control connection.
type connection struct {
	outbox
	gate     *gate // below outbox.conn
	key      wire.Key
	name     string
	instance wire.Instance
	// certificate says that key is a member called name, until Welcome has said so.
	certificate []byte

	remote netip.AddrPort // TCP source, as we see it
	local  netip.Addr     // our address that the peer dialled
	home   observer       // who has to see an endpoint of the peer before it is one for relaying
	quota  *quota
	door   *classic.Peer // nil: the peer takes no part in the classic protocol
	gone   chan struct{} // closed when the connection has ended and is logged out

	// udp is the proven endpoint the peer was last heard from, where relayed
	// datagrams are sent to; nil without one.
	udp atomic.Pointer[provenEndpoint]

	// provenEndpoints are c's keys in relayTable.proven; forgotten says that
	// the table takes nothing of c any more. Guarded by relayTable.mu.
	provenEndpoints []netip.AddrPort
	forgotten       bool
	// withholds is set while c's endpoints are shown only to whom it consents to.
	// Guarded by relayTable.mu.
	withholds bool

	// rosterVersion is the version of the roster the peer has been sent.
	// Guarded by hub.mu.
	rosterVersion uint64

	// mu guards what follows. It is taken after hub.mu, never before it.
	mu         sync.Mutex
	roundTrip  roundTrip
	pingedAt   time.Time
	nonce      uint64
	candidates []wire.Candidate // certified or local; what others are introduced to
	observed   netip.AddrPort   // IPv4, certified where it logged in; zero: nowhere
	nat        wire.NATReport
}

// ping asks for a sign of life when it is due, and reports whether it was.
func (c *connection) ping(now time.Time) (due bool) {
	c.mu.Lock()
	due = now.Sub(c.pingedAt) >= pingEvery
	if due {
		c.pingedAt = now
		c.nonce++
		c.roundTrip.ping(c.nonce, now)
	}
	nonce := c.nonce
	c.mu.Unlock()
	if due {
		_ = c.send(wire.Ping{Nonce: nonce})
	}
	return due
}

func (c *connection) pong(nonce uint64, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.roundTrip.pong(nonce, now)
}

func (c *connection) rtt() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.roundTrip.estimate()
}

// reachableAt returns what an introduction tells the other peer about this one.
func (c *connection) reachableAt() ([]wire.Candidate, wire.NATReport) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.candidates, c.nat
}

// observedEndpoint returns the IPv4 endpoint at which the peer is observed where it
// logged in; the zero AddrPort when there is none.
func (c *connection) observedEndpoint() netip.AddrPort {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.observed
}

// frames reads frames until the connection ends, and hands each to handle. It
// returns why it ended. While there is nothing to read it waits at the gate; what
// there is, a goroutine of its own reads, whose stack is given back.
func (c *connection) frames(handle func(wire.Kind, []byte) error) error {
	ended := make(chan error)
	for {
		go func() { ended <- c.burst(handle) }()
		if err := <-ended; !errors.Is(err, errNothingYet) {
			return err
		}
		if err := c.gate.await(); err != nil {
			return err
		}
	}
}

// burst reads frames until it would have to wait for the next one, and then
// returns errNothingYet.
func (c *connection) burst(handle func(wire.Kind, []byte) error) error {
	buffer := make([]byte, frameBuffer)
	reader := &frameReader{conn: c.conn}
	for {
		if err := c.expect(time.Now()); err != nil {
			return err
		}
		c.gate.eager = true
		err := reader.begin()
		c.gate.eager = false
		if err != nil {
			return err
		}
		kind, body, err := wire.ReadFrame(reader, buffer)
		if err != nil {
			return err
		}
		if err := handle(kind, body); err != nil {
			return err
		}
	}
}

// hangUp closes the connection, once its frames are not read any more. After a goodbye
// it waits until the peer has hung up, but not for long: closing with unread bytes
// makes TCP drop what the peer has not read yet, the goodbye first of all.
func (c *connection) hangUp() {
	if c.isEnding() {
		_, _ = io.Copy(io.Discard, c.conn.NetConn())
	}
	_ = c.conn.NetConn().Close()
}

// frameReader reads a connection of whose next frame the first byte is read
// already.
type frameReader struct {
	conn  io.Reader
	first [1]byte
	begun bool // first has not been handed out yet
}

// begin reads the first byte of a frame.
func (r *frameReader) begin() error {
	_, err := io.ReadFull(r.conn, r.first[:])
	r.begun = err == nil
	return err
}

// Read implements io.Reader.
func (r *frameReader) Read(b []byte) (int, error) {
	if r.begun && len(b) > 0 {
		r.begun = false
		return copy(b, r.first[:]), nil
	}
	return r.conn.Read(b)
}
