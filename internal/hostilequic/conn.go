package hostilequic

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"
)

// A Carrier brings datagrams to the other side and back.
type Carrier interface {
	Send(datagram []byte) error
	// Receive waits for the next datagram, which the caller may change, until ctx ends.
	Receive(ctx context.Context) ([]byte, error)
}

// ClosedError says that the other side has closed the connection, and why.
type ClosedError struct {
	// Application is set when a program closed it, and not QUIC.
	Application bool
	Code        uint64
	Reason      string
}

func (e *ClosedError) Error() string {
	return fmt.Sprintf("closed by the other side with code %#x (application %t): %q", e.Code, e.Application, e.Reason)
}

// repeatAfter is when what was not answered is sent again.
const repeatAfter = 200 * time.Millisecond

// Conn is a connection to a victim. Its methods belong to one goroutine at a time.
type Conn struct {
	// Silent has the Conn acknowledge nothing from now on.
	Silent bool

	carrier      Carrier
	tls          *tls.QUICConn
	ours, theirs []byte   // connection IDs: what packets to us, and to them, are addressed to
	spaces       [4]space // by level of encryption
	// later are the keys to read 1-RTT packets with after the next update.
	later keys
	// complete is set when TLS has ended, and confirmed when they have said that it has.
	complete, confirmed bool
	closed              *ClosedError
}

// space is what is separate for each level of encryption.
type space struct {
	write, read keys
	next        uint64            // the number of our next packet
	largest     uint64            // of theirs
	said        []byte            // our side of the handshake
	heard       uint64            // how far we have theirs
	ahead       map[uint64][]byte // what has come of theirs behind a gap, by where it begins
}

const application = tls.QUICEncryptionLevelApplication

// Send sends a 1-RTT packet that holds payload, whatever it says.
func (c *Conn) Send(payload []byte) error { return c.sendAt(application, payload) }

// SendFrames sends frames in one 1-RTT packet.
func (c *Conn) SendFrames(frames ...Frame) error {
	var payload []byte
	for _, f := range frames {
		payload = f.Append(payload)
	}
	return c.Send(payload)
}

func (c *Conn) sendAt(level tls.QUICEncryptionLevel, payload []byte) error {
	s := &c.spaces[level]
	if s.write.aead == nil {
		return fmt.Errorf("there are no keys to write with at level %v", level)
	}
	h := header{level: level, destination: c.theirs, source: c.ours, phase: s.write.phase(), number: s.next}
	s.next++
	return c.carrier.Send(s.write.seal(nil, h, payload))
}

// Receive waits for a datagram and returns the frames of the 1-RTT packets in it, which
// may be none. It acknowledges them, unless the Conn is silent. When the connection has
// been closed it returns a *ClosedError.
func (c *Conn) Receive(ctx context.Context) (frames []Frame, err error) {
	datagram, err := c.carrier.Receive(ctx)
	for len(datagram) > 0 && err == nil {
		h, packet, numberAt, rest, broken := split(datagram)
		if broken != nil {
			break
		}
		datagram = rest
		payload, broken := c.open(&h, packet, numberAt)
		if broken != nil {
			continue // of a level that has passed, or is yet to come
		}
		var found []Frame
		if found, err = Parse(payload); err == nil {
			err = c.react(h, found)
		}
		if h.level == application {
			frames = append(frames, found...)
		}
	}
	if err == nil && c.closed != nil {
		err = c.closed
	}
	return frames, err
}

func (c *Conn) open(h *header, packet []byte, numberAt int) ([]byte, error) {
	s := &c.spaces[h.level]
	if s.read.aead == nil {
		return nil, errPacket
	}
	framesAt := s.read.unprotect(packet, numberAt, h, s.largest)
	updated := h.level == application && h.phase != s.read.phase()
	opening := s.read
	if updated {
		opening = c.later
	}
	payload, err := opening.open(packet, framesAt, h.number)
	if err != nil {
		return nil, err
	}
	s.largest = max(s.largest, h.number)
	if h.level == tls.QUICEncryptionLevelInitial {
		c.theirs = h.source
	}
	if updated {
		err = c.follow()
	}
	return payload, err
}

// follow takes the keys into use with which the other side writes now, for both ways.
func (c *Conn) follow() (err error) {
	s := &c.spaces[application]
	s.read = c.later
	if c.later, err = c.later.next(); err == nil && s.write.generation < s.read.generation {
		err = c.UpdateKeys()
	}
	return err
}

// UpdateKeys has us write with the next keys from now on, whether or not it is time.
func (c *Conn) UpdateKeys() (err error) {
	s := &c.spaces[application]
	s.write, err = s.write.next()
	return err
}

// react does what an honest side would do about a packet, as far as is needed here.
func (c *Conn) react(h header, frames []Frame) (err error) {
	acknowledge := false
	for _, f := range frames {
		switch f.Type {
		case Crypto:
			if h.level != application {
				err = errors.Join(err, c.hear(h.level, f.Numbers[0], f.Data))
			}
		case HandshakeDone:
			c.confirmed = true
		case ConnectionClose:
			c.closed = &ClosedError{Code: f.Numbers[0], Reason: string(f.Data)}
		case ApplicationClose:
			c.closed = &ClosedError{Application: true, Code: f.Numbers[0], Reason: string(f.Data)}
		}
		acknowledge = acknowledge || f.Type != Ack && f.Type != AckECN
	}
	if !acknowledge || c.Silent || c.closed != nil || err != nil {
		return err
	}
	ack := Frame{Type: Ack, Numbers: []uint64{h.number, 0, 0, 0}}.Append(nil)
	if h.level == tls.QUICEncryptionLevelInitial {
		ack = append(ack, make([]byte, initialFrames-len(ack))...)
	}
	return c.sendAt(h.level, ack)
}

// Await receives until a frame is wanted, and returns it.
func (c *Conn) Await(ctx context.Context, wanted func(Frame) bool) (Frame, error) {
	for {
		frames, err := c.Receive(ctx)
		for _, f := range frames {
			if wanted(f) {
				return f, nil
			}
		}
		if err != nil {
			return Frame{}, err
		}
	}
}

// Settle returns when the other side has dealt with all that it was sent: it has
// acknowledged what we say last. It returns a *ClosedError when it has closed instead.
func (c *Conn) Settle(ctx context.Context) error {
	last := c.spaces[application].next
	for {
		for range 2 { // two are acknowledged at once, one after a while
			if err := c.SendFrames(Frame{Type: Ping}); err != nil {
				return err
			}
		}
		wait, cancel := context.WithTimeout(ctx, repeatAfter)
		_, err := c.Await(wait, func(f Frame) bool {
			return (f.Type == Ack || f.Type == AckECN) && f.Numbers[0] >= last
		})
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return err
		}
	}
}

// floodPackets is how many packets Flood sends before it waits until they are dealt
// with. quic-go drops those that are more than 256 ahead.
const floodPackets = 100

// Flood sends count frames, as many in a packet as fit. None of them gets lost for want
// of room on their way. It ends early with a *ClosedError when the other side closes.
func (c *Conn) Flood(ctx context.Context, count int, frame func(i int) Frame) error {
	var payload, next []byte
	packets := 0
	for i := range count {
		next = frame(i).Append(next[:0])
		if len(payload)+len(next) > InitialSize-idSize-1-numberSize-tagSize {
			if err := c.Send(payload); err != nil {
				return err
			}
			payload = payload[:0]
			if packets++; packets%floodPackets == 0 {
				if err := c.Settle(ctx); err != nil {
					return err
				}
			}
		}
		payload = append(payload, next...)
	}
	if err := c.Send(payload); err != nil {
		return err
	}
	return c.Settle(ctx)
}

// Close says goodbye and forgets the keys. The carrier is the caller's.
func (c *Conn) Close() error {
	var err error
	if c.closed == nil && c.spaces[application].write.aead != nil {
		err = c.SendFrames(Frame{Type: ConnectionClose, Numbers: []uint64{0, 0}})
	}
	return errors.Join(err, c.tls.Close())
}
