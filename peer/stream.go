package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"peerd/internal/failpoint"
	"peerd/peer/api"
	"peerd/peer/store"
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
	// writeSize is about how many bytes of messages one write hands to QUIC.
	writeSize = 32 << 10
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
	// and patience how long a receipt may take. They belong to the
	// goroutine that delivers.
	next     uint64
	patience time.Duration
}

// write sends one frame.
func (o *outgoing) write(m wire.Message) error {
	frame, err := wire.AppendFrame(nil, m)
	if err != nil {
		return err
	}
	return o.writeFrames(frame)
}

func (o *outgoing) writeFrames(frames []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err := o.stream.Write(frames)
	return err
}

// deliver sends messages of ours, as many as fit into one write.
func (o *outgoing) deliver(messages []store.Message) error {
	var frames []byte
	for i, m := range messages {
		var err error
		if frames, err = wire.AppendFrame(frames, deliverable(m)); err != nil {
			return err
		}
		if len(frames) < writeSize && i < len(messages)-1 {
			continue
		}
		failpoint.Hit(failpoint.SendBefore)
		if err := o.writeFrames(frames); err != nil {
			return err
		}
		failpoint.Hit(failpoint.SendAfter)
		frames, o.next = frames[:0], m.Seq
	}
	return nil
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
		if err := o.deliver(pending); err != nil {
			return 0, false, fmt.Errorf("send message: %w", err)
		}
		o.progressed()
		s.daemon.markSent(s.peer, pending)
		if len(pending) < deliverPage {
			return receiptDoubt, false, nil // whoever adds another one wakes us
		}
	}
}

// readReceipts takes what comes back on our stream.
func (s *session) readReceipts(o *outgoing) {
	err := readFrames(o.stream, func(messages []wire.Message) error {
		var delivered []wire.MessageID
		for _, m := range messages {
			switch m := m.(type) {
			case wire.Receipt:
				delivered = append(delivered, m.ID)
			case wire.Pong:
				s.daemon.waiters.pong(m.Nonce)
			}
		}
		if len(delivered) > 0 {
			o.progressed()
			s.daemon.delivered(s.peer, s.path(), delivered...)
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
		s.announceRead()
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
	err := readFrames(stream, func(messages []wire.Message) error {
		answers, err := s.take(messages)
		if len(answers) > 0 { // also after an error: of what is stored
			failpoint.Hit(failpoint.ReceiptBefore)
			_, failed := stream.Write(answers)
			failpoint.Hit(failpoint.ReceiptAfter)
			err = errors.Join(err, failed)
		}
		return err
	})
	if err != nil && s.ctx.Err() == nil {
		s.daemon.log.Debug().Err(err).Stringer("peer", s.peer).Msg("peer's message stream ended")
		// Nothing was acknowledged that is not stored: the peer sends it again.
		stream.CancelRead(0)
	}
}

// take does what the peer's messages ask for, in their order, and returns the
// frames that answer them. Those to be stored that follow each other share a
// transaction.
func (s *session) take(messages []wire.Message) (answers []byte, err error) {
	var together []store.Incoming
	for _, m := range messages {
		if in, storable := s.daemon.incoming(m); storable {
			together = append(together, in)
			continue
		}
		if answers, err = s.store(together, answers); err != nil {
			return answers, err
		}
		together = nil
		switch m := m.(type) {
		case wire.Read:
			err = s.daemon.readByPeer(s.peer, m)
		case wire.Ping:
			answers, err = wire.AppendFrame(answers, wire.Pong(m))
		}
		if err != nil {
			return answers, err
		}
	}
	return s.store(together, answers)
}

// store stores messages and appends their receipts to answers.
func (s *session) store(messages []store.Incoming, answers []byte) ([]byte, error) {
	if len(messages) == 0 {
		return answers, nil
	}
	receipts, err := s.daemon.receive(s.peer, messages, s.path())
	for _, receipt := range receipts {
		var failed error
		answers, failed = wire.AppendFrame(answers, receipt)
		err = errors.Join(err, failed)
	}
	return answers, err
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
	nonce, answered, forget := s.daemon.waiters.awaitPong()
	defer forget()
	failed := make(chan error, 1)
	start := time.Now()
	s.begin(func() {
		if err := s.sendPing(nonce); err != nil {
			failed <- err
		}
	})
	select {
	case <-answered:
		return time.Since(start), nil
	case err := <-failed:
		return 0, fmt.Errorf("send ping: %w", err)
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-s.ctx.Done():
		return 0, errNotConnected
	}
}

// sendPing waits for as long as the peer takes nothing, as every write does.
func (s *session) sendPing(nonce uint64) error {
	o, err := s.messages()
	if err != nil {
		return err
	}
	return o.write(wire.Ping{Nonce: nonce})
}

// announceRead tells the peer how far we have read. Nobody waits for it: a peer that takes
// nothing holds up one goroutine, however much is read meanwhile.
func (s *session) announceRead() {
	if s.announcing.Add(1) > 1 {
		return // whoever is at it looks again
	}
	s.begin(func() {
		for {
			seen := s.announcing.Load()
			s.sendRead()
			if s.announcing.CompareAndSwap(seen, 0) {
				return
			}
		}
	})
}

// sendRead tells the peer how far we have read, when there is something to tell and the
// user wants it told.
func (s *session) sendRead() {
	d := s.daemon
	upTo, at, announce, err := d.store.ReadCursor(d.ctx, s.peer)
	if err != nil || !announce || upTo == 0 || !d.tellsRead(d.ctx, s.peer) {
		return
	}
	o, err := s.messages()
	if err == nil {
		err = o.write(wire.Read{UpTo: upTo, At: at})
		failpoint.Hit(failpoint.ReadAnnouncedAfter)
	}
	if err != nil {
		d.log.Debug().Err(err).Stringer("peer", s.peer).Msg("announce read")
	}
}
