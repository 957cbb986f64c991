package socket

import (
	"context"
	"sync"

	"golang.org/x/net/ipv4"

	"peerd/wire"
)

const (
	// relayedQueueLength bounds the datagrams that wait for the reader: at most
	// 384 KiB. Of the control connection's, more would only age; QUIC takes the
	// loss for congestion, which it is. Those of a session's own sockets wait in
	// the kernel until there is room.
	relayedQueueLength = 256
	// maxQUICPacket is the most quic-go reads (its protocol.MaxPacketBufferSize);
	// what is longer is not from a quic-go at the other end.
	maxQUICPacket = 1452
)

// relayedQueue carries datagrams from the control connection, and from the
// sessions' own sockets, to the goroutine in which quic-go reads.
type relayedQueue struct {
	datagrams chan relayedDatagram
	buffers   *sync.Pool // of *[]byte
}

type relayedDatagram struct {
	session *Session
	payload *[]byte
	ecn     uint8
}

func newRelayedQueue() relayedQueue {
	return relayedQueue{
		datagrams: make(chan relayedDatagram, relayedQueueLength),
		buffers:   &sync.Pool{New: func() any { return new(make([]byte, 0, maxQUICPacket)) }},
	}
}

// put copies payload into the queue; it reports false when the queue is full.
func (q *relayedQueue) put(x *Session, payload []byte, ecn uint8) bool {
	d := relayedDatagram{session: x, payload: q.buffers.Get().(*[]byte), ecn: ecn}
	*d.payload = append((*d.payload)[:0], payload...)
	select {
	case q.datagrams <- d:
		return true
	default:
		q.buffers.Put(d.payload)
		return false
	}
}

// wait is put, but waits for room until ctx ends.
func (q *relayedQueue) wait(ctx context.Context, x *Session, payload []byte, ecn uint8) {
	d := relayedDatagram{session: x, payload: q.buffers.Get().(*[]byte), ecn: ecn}
	*d.payload = append((*d.payload)[:0], payload...)
	select {
	case q.datagrams <- d:
	case <-ctx.Done():
	}
}

// take writes the oldest datagram to m, as quic-go reads it; it reports false
// when there is none.
func (q *relayedQueue) take(m *ipv4.Message) bool {
	select {
	case d := <-q.datagrams:
		put(m, d.session, *d.payload, d.ecn)
		q.buffers.Put(d.payload)
		return true
	default:
		return false
	}
}

// deliver hands QUIC a packet that came in at a session's own socket. It copies
// packet, and waits while the reader is far behind. After one or several, the
// caller calls wakeReader.
func (s *Socket) deliver(x *Session, packet []byte, ecn uint8) {
	if !s.relayed.put(x, packet, ecn) {
		s.wakeReader()
		s.relayed.wait(s.lifetime, x, packet, ecn)
	}
}

// wakeReader has quic-go's reader look at the queue.
func (s *Socket) wakeReader() {
	if err := s.reading.raise(); err != nil {
		s.config.Logger.Debug().Err(err).Msg("cannot wake the reader")
	}
}

// DeliverRelayed hands in a datagram that came inside the control connection.
// It copies payload, and drops it when the reader is far behind.
func (s *Socket) DeliverRelayed(session wire.SessionID, payload []byte) {
	x := s.registry.byID(session)
	switch {
	case x == nil:
		s.counters.unknownSession.Add(1)
	case !x.receive(0, payload, throughRelay):
	case !s.relayed.put(x, payload, 0):
		s.counters.relayedOverflow.Add(1)
	default:
		s.wakeReader()
	}
}
