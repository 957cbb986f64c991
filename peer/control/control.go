// Package control is a peer's side of the control connection: TCP and TLS 1.3
// to the rendezvous, carrying frames both ways. It serves package peer, which
// decides what the messages mean; the rendezvous' side is in package rendezvous.
//
//	peer                      rendezvous
//	 │ ── TCP, TLS 1.3 (pinned) ──▶ │
//	 │ ── Hello ──────────────────▶ │
//	 │ ◀────────── Welcome, Snapshot│   or Refused, and the end
//	 │ ◀── Delta, Introduction, Ping│
//	 │ ── Talk, Endpoints, Pong ──▶ │
//	 │ ◀──── Envelope, Relay ─────▶ │
package control

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/libp2p/go-reuseport"

	"peerd/wire"
)

const (
	// writeLimit is how long one write may take before the connection counts as
	// dead: the rendezvous reads all the time.
	writeLimit = 15 * time.Second
	// farewellLimit is how long a logout may hold up our own end.
	farewellLimit = time.Second
	// queueLength is how many frames may wait for the network. When relayed
	// datagrams fill it, more of them are dropped, as a router would; QUIC slows
	// down.
	queueLength = 256
)

// ErrClosed is returned by the methods of a Conn that has been closed or has
// broken.
var ErrClosed = errors.New("control connection is closed")

// Conn is a control connection. Its methods may be called concurrently, except
// Login and Receive, which belong to one goroutine.
type Conn struct {
	tls    *tls.Conn
	reader *bufio.Reader
	buffer []byte

	queue  chan []byte
	closed chan struct{}
	once   sync.Once
	// tasks are the writer and the watcher.
	tasks    sync.WaitGroup
	liveness *liveness
}

// Dial connects to the control service at address. The configuration pins the
// key of the rendezvous.
//
// Its local port can be used again: connections to peers leave from it as well,
// so that routers map them as the rendezvous sees this one (punch.ConnectTCP).
func Dial(ctx context.Context, address string, config *tls.Config) (*Conn, error) {
	// No local address: a port chosen by bind under SO_REUSEPORT could be one
	// that another program shares.
	return dialFrom(ctx, nil, address, config)
}

// dialFrom is Dial from a local address, from any when it is nil.
func dialFrom(ctx context.Context, local net.Addr, address string, config *tls.Config) (*Conn, error) {
	dialer := tls.Dialer{NetDialer: &net.Dialer{LocalAddr: local, Control: reuseport.Control}, Config: config}
	raw, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connect to rendezvous %s: %w", address, err)
	}
	return newConn(raw.(*tls.Conn)), nil
}

func newConn(raw *tls.Conn) *Conn {
	c := &Conn{
		tls:    raw,
		reader: bufio.NewReaderSize(raw, 16<<10),
		buffer: make([]byte, 4<<10),
		queue:  make(chan []byte, queueLength),
		closed: make(chan struct{}),

		liveness: newLiveness(),
	}
	c.tasks.Go(c.write)
	c.tasks.Go(c.watch)
	return c
}

// LocalAddr returns our end of the connection; the zero AddrPort when it is not
// TCP.
func (c *Conn) LocalAddr() netip.AddrPort {
	local, ok := c.tls.LocalAddr().(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	endpoint := local.AddrPort()
	return netip.AddrPortFrom(endpoint.Addr().Unmap(), endpoint.Port())
}

// Login introduces us to the rendezvous. A refusal is returned as a
// wire.Refused error, a welcome that we must not accept as an *IncompatibleError.
func (c *Conn) Login(hello wire.Hello) (wire.Welcome, error) {
	if err := c.Send(hello); err != nil {
		return wire.Welcome{}, fmt.Errorf("send hello: %w", err)
	}
	answer, err := c.Receive()
	if err != nil {
		return wire.Welcome{}, fmt.Errorf("await welcome: %w", err)
	}
	switch answer := answer.(type) {
	case wire.Welcome:
		return answer, checkWelcome(hello, answer)
	case wire.Refused:
		return wire.Welcome{}, answer
	default:
		return wire.Welcome{}, fmt.Errorf("await welcome: got message of kind %d", answer.Kind())
	}
}

// Send queues a message; it waits while the queue is full.
func (c *Conn) Send(m wire.Message) error {
	frame, err := wire.AppendFrame(nil, m)
	if err != nil {
		return err
	}
	if c.isClosed() {
		return ErrClosed
	}
	select {
	case c.queue <- frame:
		return nil
	case <-c.closed:
		return ErrClosed
	}
}

// TrySend queues a message unless the queue is full or the connection closed,
// and reports whether it did.
func (c *Conn) TrySend(m wire.Message) bool {
	frame, err := wire.AppendFrame(nil, m)
	if err != nil || c.isClosed() {
		return false
	}
	select {
	case c.queue <- frame:
		return true
	default:
		return false
	}
}

func (c *Conn) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// Receive returns the next message that is not a ping: those it answers
// itself. The message may alias the connection's buffer until the next call.
// It returns ErrSilent when the connection has died.
func (c *Conn) Receive() (wire.Message, error) {
	c.liveness.readingSince.Store(c.liveness.now())
	defer c.liveness.readingSince.Store(busy)
	for {
		kind, body, err := wire.ReadFrame(c.reader, c.buffer)
		if err != nil {
			return nil, fmt.Errorf("read control connection: %w", c.ended(err))
		}
		c.liveness.hear()
		m, err := wire.Parse(kind, body)
		if err != nil {
			return nil, fmt.Errorf("read control connection: %w", err)
		}
		switch m := m.(type) {
		case nil: // a newer rendezvous says something we do not know
		case wire.Ping:
			c.TrySend(wire.Pong(m))
		case wire.Pong: // a sign of life
		default:
			return m, nil
		}
	}
}

// write sends queued frames, as many as are waiting in one go.
func (c *Conn) write() {
	for {
		select {
		case <-c.closed:
			return
		case frame := <-c.queue:
			if err := c.flush(c.gather(frame)); err != nil {
				c.shut()
				c.tls.NetConn().Close() // ends Receive
				return
			}
		}
	}
}

// maxGather bounds what one write takes from the queue: one TLS record's worth.
const maxGather = 16 << 10

// gather appends the frames that are waiting behind frame.
func (c *Conn) gather(frame []byte) []byte {
	for len(frame) < maxGather {
		select {
		case next := <-c.queue:
			frame = append(frame, next...)
		default:
			return frame
		}
	}
	return frame
}

func (c *Conn) flush(frames []byte) error {
	if err := c.tls.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	if c.isClosed() { // perhaps since before the deadline was set
		_ = c.tls.SetWriteDeadline(time.Now().Add(farewellLimit))
	}
	_, err := c.tls.Write(frames)
	return err
}

// Logout sends what is queued, says goodbye, and closes. All of it takes
// farewellLimit at most.
func (c *Conn) Logout(reason string) error {
	c.shut()
	// Best effort: a peer that vanishes is announced as gone anyway.
	deadline := time.Now().Add(farewellLimit)
	_ = c.tls.SetWriteDeadline(deadline)
	c.tasks.Wait()
	_ = c.tls.SetWriteDeadline(deadline) // the writer may have set a later one
	c.farewell(reason)
	return c.Close()
}

// farewell writes what the writer has left in the queue, a session's last packet
// perhaps, and a goodbye behind it.
func (c *Conn) farewell(reason string) {
	for len(c.queue) > 0 {
		if _, err := c.tls.Write(c.gather(nil)); err != nil {
			return
		}
	}
	if frame, err := wire.AppendFrame(nil, wire.Goodbye{Reason: reason}); err == nil {
		_, _ = c.tls.Write(frame)
	}
}

// shut stops the writer.
func (c *Conn) shut() { c.once.Do(func() { close(c.closed) }) }

// Close ends the connection and waits for its goroutine.
func (c *Conn) Close() error {
	c.shut()
	err := c.tls.NetConn().Close()
	c.tasks.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
