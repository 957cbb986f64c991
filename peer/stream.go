package peer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"peerd/peer/api"
	"peerd/wire"
)

// A StreamKind is the first byte of a stream: it says what protocol follows.
type StreamKind byte

const (
	// StreamMessages carries the opener's Text, Item, Read and Ping frames, and the
	// other side's Receipt and Pong frames back.
	StreamMessages StreamKind = 1
	// StreamDiscard is read to its end and thrown away: it measures throughput.
	StreamDiscard StreamKind = 2
)

const (
	// deliverPage is how many messages one look at the outbox takes.
	deliverPage = 64
	// resendPause is how long to wait before messages are sent again to a peer
	// that is connected and does not take them: its disk is full, say. Shorter
	// would keep a peer in trouble busy with the same messages.
	resendPause = 2 * time.Second
)

// outgoing is our stream of messages on one connection: it begins with the
// first message that has no receipt, and each is sent on it once.
type outgoing struct {
	stream *quic.Stream

	mu sync.Mutex // serialises writes

	opened time.Time
	// progress is when messages last went out or a receipt came back, counted
	// from opened.
	progress atomic.Int64

	// next is the sequence up to which every pending message has been sent here,
	// and patience how long a receipt may take. They belong to the conversation's
	// goroutine.
	next     uint64
	patience time.Duration
}

// write sends one frame.
func (o *outgoing) write(m wire.Message) error {
	frame, err := wire.AppendFrame(nil, m)
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err = o.stream.Write(frame)
	return err
}

// messages returns our stream on the connection in use, opening it first.
func (s *session) messages() (*outgoing, error) {
	s.mu.Lock()
	o, connection := s.outgoing, s.connection
	s.mu.Unlock()
	if o != nil {
		return o, nil
	}
	stream, err := openStream(s.ctx, connection, StreamMessages)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.connection == connection && s.outgoing == nil && s.ctx.Err() == nil {
		s.outgoing = &outgoing{stream: stream, opened: time.Now(), patience: receiptPatience}
		o := s.outgoing
		s.group.Go(func() {
			s.readReceipts(o)
			s.resend(o, connection)
		})
		return o, nil
	}
	stream.CancelWrite(0)
	stream.CancelRead(0)
	if s.connection == connection && s.outgoing != nil {
		return s.outgoing, nil // somebody else was faster
	}
	return nil, errNotConnected
}

// deliverPending sends every message that is queued and not yet sent on this
// connection. It returns when to look for a receipt of the first without one (0:
// there is none), and whether that is overdue.
func (s *session) deliverPending() (look time.Duration, overdue bool, err error) {
	o, err := s.messages()
	if err != nil {
		return 0, false, err
	}
	for {
		pending, err := s.daemon.store.Pending(s.ctx, s.peer, o.next, deliverPage)
		if err != nil {
			return 0, false, err
		}
		if len(pending) == 0 {
			look, overdue = s.receiptDue(s.ctx, o)
			return look, overdue, nil
		}
		for _, m := range pending {
			if err := o.write(deliverable(m)); err != nil {
				return 0, false, fmt.Errorf("send message: %w", err)
			}
			o.next = m.Seq
		}
		o.progressed()
		s.daemon.markSent(s.peer, pending)
	}
}

// readReceipts takes what comes back on our stream.
func (s *session) readReceipts(o *outgoing) {
	err := readFrames(o.stream, func(m wire.Message) error {
		switch m := m.(type) {
		case wire.Receipt:
			o.progressed()
			s.daemon.delivered(s.peer, m, s.path())
		case wire.Pong:
			s.daemon.waiters.pong(m.Nonce)
		}
		return nil
	})
	s.daemon.log.Debug().Err(err).Stringer("peer", s.peer).Msg("message stream ended")
}

// resend begins another stream after o has ended on a connection that lives:
// the peer has refused what is on it, and without a new one that would never
// come again.
func (s *session) resend(o *outgoing, connection *quic.Conn) {
	select {
	case <-time.After(resendPause):
	case <-connection.Context().Done():
		return // the next connection begins anew anyway
	}
	o.stream.CancelRead(0)
	o.stream.CancelWrite(0)
	s.mu.Lock()
	current := s.outgoing == o
	if current {
		s.outgoing = nil
	}
	s.mu.Unlock()
	if current {
		s.daemon.announceRead(s)
		s.daemon.conversation(s.peer).wake()
	}
}

// serveStream serves a stream the peer has opened.
func (s *session) serveStream(stream *quic.Stream) {
	defer stream.Close()
	var kind [1]byte
	if _, err := io.ReadFull(stream, kind[:]); err != nil {
		return
	}
	switch StreamKind(kind[0]) {
	case StreamMessages:
		s.serveMessages(stream)
	case StreamDiscard:
		_, _ = io.Copy(io.Discard, stream) // the sender notices a broken stream
	default:
		stream.CancelRead(0) // a newer peer asks for what we do not know
	}
}

// serveMessages stores what the peer sends and acknowledges it.
func (s *session) serveMessages(stream *quic.Stream) {
	err := readFrames(stream, func(m wire.Message) error {
		if in, storable := incoming(m); storable {
			receipt, err := s.daemon.receive(s.peer, in, s.path())
			if err != nil {
				return err
			}
			return writeFrame(stream, receipt)
		}
		switch m := m.(type) {
		case wire.Read:
			return s.daemon.readByPeer(s.peer, m)
		case wire.Ping:
			return writeFrame(stream, wire.Pong(m))
		}
		return nil
	})
	if err != nil && s.ctx.Err() == nil {
		s.daemon.log.Debug().Err(err).Stringer("peer", s.peer).Msg("peer's message stream ended")
		// Nothing was acknowledged that is not stored: the peer sends it again.
		stream.CancelRead(0)
	}
}

// readFrames calls handle for every message on r until it ends, which is no
// error, or fails.
func readFrames(r io.Reader, handle func(wire.Message) error) error {
	reader := bufio.NewReader(r)
	buffer := make([]byte, 4<<10)
	for {
		kind, body, err := wire.ReadFrame(reader, buffer)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		m, err := wire.Parse(kind, body)
		if err != nil {
			return err
		}
		if m == nil {
			continue // a newer peer says something we do not know
		}
		if err := handle(m); err != nil {
			return err
		}
	}
}

func writeFrame(w io.Writer, m wire.Message) error {
	frame, err := wire.AppendFrame(nil, m)
	if err != nil {
		return err
	}
	_, err = w.Write(frame)
	return err
}

// path is the kind of path data to the peer takes now.
func (s *session) path() api.Path {
	if s.punch.Path().IsDirect() {
		return api.PathDirect
	}
	return api.PathRelay
}

// ping measures one round trip on the session.
func (s *session) ping(ctx context.Context) (time.Duration, error) {
	o, err := s.messages()
	if err != nil {
		return 0, err
	}
	nonce, answered, forget := s.daemon.waiters.awaitPong()
	defer forget()
	start := time.Now()
	if err := o.write(wire.Ping{Nonce: nonce}); err != nil {
		return 0, fmt.Errorf("send ping: %w", err)
	}
	select {
	case <-answered:
		return time.Since(start), nil
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-s.ctx.Done():
		return 0, errNotConnected
	}
}

// announceRead tells the peer how far we have read, when there is something to
// tell and the user wants it told.
func (d *Daemon) announceRead(s *session) {
	upTo, at, announce, err := d.store.ReadCursor(d.ctx, s.peer)
	if err != nil || !announce || upTo == 0 {
		return
	}
	o, err := s.messages()
	if err == nil {
		err = o.write(wire.Read{UpTo: upTo, At: at})
	}
	if err != nil {
		d.log.Debug().Err(err).Stringer("peer", s.peer).Msg("announce read")
	}
}
