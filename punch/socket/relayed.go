package socket

import (
	"sync"

	"peerd/wire"
)

const (
	// relayedQueueLength bounds the datagrams of the control connection that
	// wait for the reader: at most 384 KiB. More would only age; QUIC takes the
	// loss for congestion, which it is.
	relayedQueueLength = 256
	// maxQUICPacket is the most quic-go reads (its protocol.MaxPacketBufferSize);
	// what is longer is not from a quic-go at the other end.
	maxQUICPacket = 1452
)

// relayedQueue carries datagrams from the control connection to the goroutine
// in which quic-go reads.
type relayedQueue struct {
	datagrams chan relayedDatagram
	buffers   *sync.Pool // of *[]byte
}

type relayedDatagram struct {
	session *Session
	payload *[]byte
}

func newRelayedQueue() relayedQueue {
	return relayedQueue{
		datagrams: make(chan relayedDatagram, relayedQueueLength),
		buffers:   &sync.Pool{New: func() any { return new(make([]byte, 0, maxQUICPacket)) }},
	}
}

// put copies payload into the queue; it reports false when the queue is full.
func (q *relayedQueue) put(x *Session, payload []byte) bool {
	buffer := q.buffers.Get().(*[]byte)
	*buffer = append((*buffer)[:0], payload...)
	select {
	case q.datagrams <- relayedDatagram{session: x, payload: buffer}:
		return true
	default:
		q.buffers.Put(buffer)
		return false
	}
}

// take copies the oldest datagram to into; it reports false when there is none.
func (q *relayedQueue) take(into []byte) (x *Session, n int, ok bool) {
	select {
	case d := <-q.datagrams:
		n = copy(into, *d.payload)
		q.buffers.Put(d.payload)
		return d.session, n, true
	default:
		return nil, 0, false
	}
}

// DeliverRelayed hands in a datagram that came inside the control connection.
// It copies payload, and drops it when the reader is far behind.
func (s *Socket) DeliverRelayed(session wire.SessionID, payload []byte) {
	x := s.registry.byID(session)
	switch {
	case x == nil:
		s.counters.unknownSession.Add(1)
	case !isQUIC(payload):
		s.counters.junk.Add(1)
	case !s.relayed.put(x, payload):
		s.counters.relayedOverflow.Add(1)
	default:
		if err := s.reading.raise(); err != nil {
			s.config.Logger.Debug().Err(err).Msg("cannot wake the reader")
		}
	}
}

// isQUIC reports whether payload may go to quic-go.
func isQUIC(payload []byte) bool {
	return len(payload) <= maxQUICPacket && wire.Classify(payload) == wire.DatagramQUIC
}
