package socket

import (
	"bufio"
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"peerd/punch"
	"peerd/wire"
)

const (
	// streamQueue bounds what waits to be written, in bytes: three bursts of
	// quic-go's. More would only age: QUIC takes what does not fit for lost, and
	// slows down.
	streamQueue = 64 << 10
	// streamWriteLimit is how long one write may wait for the network. The engine
	// has left the path long before.
	streamWriteLimit = 15 * time.Second
	// farewellLimit is how long the end of the stream may wait for what is queued:
	// QUIC's last packet tells the peer not to wait for us.
	farewellLimit = 100 * time.Millisecond
	// streamReadSize is read from the connection at once.
	streamReadSize = 16 << 10
)

// A stream carries a session's datagrams over a TCP connection to the peer. It
// is an outlet: what does not fit is dropped, so that the connection never
// holds QUIC up.
//
//	probes, QUIC ──▶ queue ──▶ writer ──▶ TCP ──▶ reader ──┬──▶ engine
//	                   │                                   └──▶ QUIC, once the
//	                   ╳ full                                   peer was heard
type stream struct {
	session *Session
	id      punch.SocketID
	to      netip.AddrPort

	ctx context.Context // ends with close
	end context.CancelFunc
	// filled says that there is something in the queue.
	filled chan struct{}

	mu    sync.Mutex
	open  bool
	queue []byte // datagrams as they go over the connection
}

var _ outlet = (*stream)(nil)

func newStream(x *Session, id punch.SocketID, to netip.AddrPort) *stream {
	s := &stream{session: x, id: id, to: to, filled: make(chan struct{}, 1)}
	s.ctx, s.end = context.WithCancel(x.socket.lifetime)
	return s
}

// close implements outlet.
func (s *stream) close() { s.end() }

// write implements outlet. A datagram with a ttl is meant to die on the way,
// which TCP does not do.
func (s *stream) write(datagrams []byte, segmentSize int, _ uint8, to netip.AddrPort, ttl int) {
	if to != s.to || ttl != 0 || len(datagrams) == 0 {
		return
	}
	if segmentSize <= 0 {
		segmentSize = len(datagrams)
	}
	s.mu.Lock()
	for datagram := range slices.Chunk(datagrams, segmentSize) {
		s.put(datagram)
	}
	s.mu.Unlock()
	select {
	case s.filled <- struct{}{}:
	default:
	}
}

// put queues a datagram, or drops it. The caller holds s.mu.
func (s *stream) put(datagram []byte) {
	if !s.open || len(s.queue)+wire.StreamDatagramHeaderSize+len(datagram) > streamQueue {
		s.session.socket.counters.streamOverflow.Add(1)
		return
	}
	queue, err := wire.AppendStreamDatagram(s.queue, datagram)
	if err != nil {
		s.session.socket.counters.sendErrors.Add(1)
	}
	s.queue = queue
}

// carry sends and receives datagrams until the connection breaks or the stream
// is closed, and closes it. It calls ready when datagrams can be written.
func (s *stream) carry(conn net.Conn, ready func()) error {
	s.mu.Lock()
	s.open = true
	s.mu.Unlock()
	defer context.AfterFunc(s.ctx, func() { _ = conn.SetWriteDeadline(time.Now().Add(farewellLimit)) })()
	var writer sync.WaitGroup
	defer writer.Wait()
	defer s.end()
	writer.Go(func() {
		defer conn.Close() // ends read
		s.writeQueued(conn)
	})
	ready()
	return s.read(conn)
}

// writeQueued writes what is queued, all of it at once, until the stream ends;
// then once more.
func (s *stream) writeQueued(conn net.Conn) {
	defer s.end()
	var batch []byte
	for ended := false; !ended; {
		select {
		case <-s.ctx.Done():
			ended = true
		case <-s.filled:
		}
		s.mu.Lock()
		batch, s.queue = s.queue, batch[:0]
		s.mu.Unlock()
		if err := s.writeBatch(conn, batch); err != nil {
			return
		}
	}
}

func (s *stream) writeBatch(conn net.Conn, batch []byte) error {
	_ = conn.SetWriteDeadline(time.Now().Add(streamWriteLimit))
	if s.ctx.Err() != nil { // perhaps since before the deadline was set
		_ = conn.SetWriteDeadline(time.Now().Add(farewellLimit))
	}
	_, err := conn.Write(batch)
	return err
}

// read takes datagrams from the connection until it ends.
func (s *stream) read(conn net.Conn) error {
	reader := bufio.NewReaderSize(conn, streamReadSize)
	buffer := make([]byte, wire.MaxRelayedDatagram)
	for {
		datagram, err := wire.ReadStreamDatagram(reader, buffer)
		if err != nil {
			return err
		}
		if s.session.receive(s.id, datagram, s.to) {
			s.session.socket.deliver(s.session, datagram, 0)
			s.session.socket.wakeReader()
		}
	}
}
