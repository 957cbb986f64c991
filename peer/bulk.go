package peer

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"peerd/punch/socket"
	"peerd/wire"
)

// Bulk connections are QUIC connections beside a session's own, to the same peer
// over the same path. Files travel on them: a message must wait behind a file
// neither in QUIC's queue nor because a disk is slow and a receive window full,
// and where packets get lost several connections move several times as much.
// Whoever wants something dials; they are closed when it has arrived.

const (
	// bulkIdleTimeout is when a bulk connection on which nothing comes is given up.
	// It has work for as long as it exists, so silence means that the peer is gone.
	bulkIdleTimeout = 20 * time.Second
	// bulkConnections bounds those that one session accepts: several transfers at
	// their fastest.
	bulkConnections = 64
	// bulkStreams bounds the streams that are served at a time on one of them. Each
	// may hold a chunk in memory.
	bulkStreams = 2
)

// bulkConfig is for connections that have much to move at once.
func bulkConfig() *quic.Config {
	config := socket.QUICConfig()
	config.MaxIdleTimeout = bulkIdleTimeout
	config.InitialStreamReceiveWindow = 2 << 20
	config.InitialConnectionReceiveWindow = 3 << 20
	config.MaxIncomingStreams = -1 // who dials is the one who asks
	return config
}

// dialBulk opens a connection beside the session's. The caller closes it; it is closed
// when ctx ends too, so that nothing waits for a peer that takes nothing.
func (s *session) dialBulk(ctx context.Context) (*quic.Conn, error) {
	patience, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	tls := s.daemon.self.MutualTLS(wire.BulkProtocol, s.peer)
	connection, err := s.daemon.socket.Transport().Dial(patience, s.punch.Addr(), tls, bulkConfig())
	if err != nil {
		return nil, fmt.Errorf("open a connection for files: %w", err)
	}
	context.AfterFunc(ctx, func() { connection.CloseWithError(codeClosed, "closing") })
	return connection, nil
}

// doubt looks whether the session is still with a peer that runs: it may have come
// back as another instance, which nothing else makes us notice while we only wait.
func (s *session) doubt() {
	s.checkSoon()
	s.daemon.conversation(s.peer).want(true)
}

// serveBulk serves the streams of a bulk connection that the peer has opened, until
// it ends.
func (s *session) serveBulk(connection *quic.Conn) {
	var streams sync.WaitGroup
	defer streams.Wait()
	end := func() { connection.CloseWithError(codeClosed, "closing") }
	defer end()
	defer context.AfterFunc(s.ctx, end)() // also while all streams are taken by a peer that asks for nothing
	defer s.bulk.Add(-1)
	if s.bulk.Add(1) > bulkConnections {
		return
	}
	serving := make(chan struct{}, bulkStreams)
	for {
		serving <- struct{}{}
		stream, err := connection.AcceptStream(s.ctx)
		if err != nil {
			return
		}
		streams.Go(func() {
			s.daemon.serveFile(s.ctx, s.peer, stream)
			<-serving
		})
	}
}
