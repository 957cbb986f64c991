package hostilequic

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
)

const (
	// initialFrames is what the frames of an Initial packet are padded to, so that its
	// datagram has InitialSize at least.
	initialFrames = InitialSize - 40
	// pieceSize is how much of the handshake goes into a packet.
	pieceSize = 1000
)

// Transport parameters (RFC 9000 section 18.2).
const (
	originalDestination = 0x00
	initialMaxData      = 0x04
	initialMaxUni       = 0x09
	initialSource       = 0x0f
)

// Dial shakes hands as the client. The cipher suite must come out as AES-128-GCM.
func Dial(ctx context.Context, carrier Carrier, config *tls.Config) (*Conn, error) {
	c := &Conn{carrier: carrier, ours: randomID(), theirs: randomID()}
	c.tls = tls.QUICClient(&tls.QUICConfig{TLSConfig: config})
	c.tls.SetTransportParameters(c.parameters(nil))
	var err error
	if c.spaces[0].write, c.spaces[0].read, err = initialKeys(c.theirs); err != nil {
		return nil, err
	}
	return c.shakeHands(ctx, func() bool { return c.confirmed })
}

// Accept waits for a client and shakes hands with it.
func Accept(ctx context.Context, carrier Carrier, config *tls.Config) (*Conn, error) {
	first, err := carrier.Receive(ctx)
	if err != nil {
		return nil, err
	}
	h, _, _, _, err := split(first)
	if err != nil || h.level != tls.QUICEncryptionLevelInitial {
		return nil, fmt.Errorf("what comes first is no Initial packet: %w", errPacket)
	}
	c := &Conn{carrier: &again{Carrier: carrier, first: first}, ours: randomID(), theirs: h.source}
	c.tls = tls.QUICServer(&tls.QUICConfig{TLSConfig: config})
	c.tls.SetTransportParameters(c.parameters(h.destination))
	if c.spaces[0].read, c.spaces[0].write, err = initialKeys(h.destination); err != nil {
		return nil, err
	}
	if c, err = c.shakeHands(ctx, func() bool { return c.complete }); err != nil {
		return nil, err
	}
	return c, c.SendFrames(Frame{Type: HandshakeDone})
}

// again gives out a datagram that was looked at once more.
type again struct {
	Carrier
	first []byte
}

// Receive implements Carrier.
func (a *again) Receive(ctx context.Context) ([]byte, error) {
	if first := a.first; first != nil {
		a.first = nil
		return first, nil
	}
	return a.Carrier.Receive(ctx)
}

func randomID() []byte {
	id := make([]byte, idSize)
	rand.Read(id) // never fails: crypto/rand ends the program instead
	id[0] |= 0x80 // no text of the classic protocol begins like that
	return id
}

// parameters are our transport parameters: much may be sent to us. original is what a
// client addressed first; nil on the client's side.
func (c *Conn) parameters(original []byte) (b []byte) {
	for id := uint64(initialMaxData); id <= initialMaxUni; id++ {
		b = appendParameter(b, id, AppendNumber(nil, 1<<20))
	}
	if original != nil {
		b = appendParameter(b, originalDestination, original)
	}
	return appendParameter(b, initialSource, c.ours)
}

func appendParameter(b []byte, id uint64, value []byte) []byte {
	return append(AppendNumber(AppendNumber(b, id), uint64(len(value))), value...)
}

// shakeHands goes on until done; what is not answered is said again.
func (c *Conn) shakeHands(ctx context.Context, done func() bool) (_ *Conn, err error) {
	defer func() {
		if err != nil {
			c.tls.Close()
		}
	}()
	if err := c.tls.Start(ctx); err != nil {
		return nil, fmt.Errorf("begin the handshake: %w", err)
	}
	if err := c.progress(); err != nil {
		return nil, err
	}
	for !done() {
		wait, cancel := context.WithTimeout(ctx, repeatAfter)
		_, err := c.Receive(wait)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			err = c.repeat()
		}
		if err != nil {
			return nil, fmt.Errorf("shake hands: %w", err)
		}
	}
	return c, nil
}

// hear takes a piece of the other side's handshake, and says what there is to say then.
func (c *Conn) hear(level tls.QUICEncryptionLevel, offset uint64, data []byte) error {
	s := &c.spaces[level]
	if s.ahead == nil {
		s.ahead = map[uint64][]byte{}
	}
	s.ahead[offset] = data
	for again := true; again; {
		again = false
		for at, piece := range s.ahead {
			if at > s.heard {
				continue
			}
			delete(s.ahead, at)
			if end := at + uint64(len(piece)); end > s.heard {
				piece, s.heard, again = piece[s.heard-at:], end, true
				if err := c.tls.HandleData(level, piece); err != nil {
					return err
				}
			}
		}
	}
	return c.progress()
}

// progress does what TLS asks for.
func (c *Conn) progress() (err error) {
	for err == nil {
		event := c.tls.NextEvent()
		s := &c.spaces[event.Level]
		switch event.Kind {
		case tls.QUICNoEvent:
			return nil
		case tls.QUICSetReadSecret:
			if s.read, err = newKeys(event.Suite, event.Data); err == nil && event.Level == application {
				c.later, err = s.read.next()
			}
		case tls.QUICSetWriteSecret:
			s.write, err = newKeys(event.Suite, event.Data)
		case tls.QUICWriteData:
			from := len(s.said)
			s.said = append(s.said, event.Data...)
			err = c.say(event.Level, from)
		case tls.QUICHandshakeDone:
			c.complete = true
		}
	}
	return err
}

// say sends our side of the handshake at one level, from an offset on.
func (c *Conn) say(level tls.QUICEncryptionLevel, from int) error {
	said := c.spaces[level].said
	for from < len(said) {
		piece := said[from:min(from+pieceSize, len(said))]
		frames := Frame{Type: Crypto, Numbers: []uint64{uint64(from)}, Data: piece}.Append(nil)
		if level == tls.QUICEncryptionLevelInitial {
			frames = append(frames, make([]byte, initialFrames-len(frames))...)
		}
		if err := c.sendAt(level, frames); err != nil {
			return err
		}
		from += len(piece)
	}
	return nil
}

// repeat says again all that was said of the handshake.
func (c *Conn) repeat() (err error) {
	for level := range application {
		err = errors.Join(err, c.say(level, 0))
	}
	return err
}
