package socket

import (
	"slices"
	"sync"
	"time"

	"peerd/punch"
	"peerd/wire"
)

// send takes packets of segmentSize (the last may be shorter; 0: one packet)
// the way the session's path says, several times where many get lost. QUIC drops
// the duplicates.
func (x *Session) send(packets []byte, segmentSize int, ecn uint8) {
	x.sending()
	if len(packets) == 0 {
		return
	}
	if segmentSize <= 0 {
		segmentSize = len(packets)
	}
	path := x.path.Load()
	x.sendOnce(path, packets, segmentSize, ecn)
	if x.isReliable(path) {
		return
	}
	if x.socket.departing.Load() && len(packets) <= segmentSize {
		x.socket.config.RelayByControl(x.id, packets)
		return
	}
	count := (len(packets) + segmentSize - 1) / segmentSize
	for range x.redundancy.further(count, time.Now()) {
		x.sendOnce(path, packets, segmentSize, ecn)
	}
}

// isReliable reports whether nothing gets lost on a path, as it is TCP.
func (x *Session) isReliable(path *punch.Path) bool {
	return path.TCP || !path.IsDirect() && x.socket.relay.Load() == nil
}

// sendOnce sends packets by path; by a doubtful one and through the relay.
func (x *Session) sendOnce(path *punch.Path, packets []byte, segmentSize int, ecn uint8) {
	if path.IsDirect() {
		x.sendDirect(path, packets, segmentSize, ecn)
	}
	if !path.IsDirect() || path.Doubtful {
		x.sendRelayed(packets, segmentSize, ecn)
	}
}

// sendDirect sends from the socket of the path; one that is no more sends
// nothing, and the engine is about to leave it.
func (x *Session) sendDirect(path *punch.Path, packets []byte, segmentSize int, ecn uint8) {
	if path.Socket == 0 {
		x.socket.write(packets, segmentSize, ecn, path.Direct)
		return
	}
	if own, _ := x.outlets.find(path.Socket); own != nil {
		own.write(packets, segmentSize, ecn, path.Direct, 0)
	}
}

func (x *Session) sendRelayed(packets []byte, segmentSize int, ecn uint8) {
	relay := x.socket.relay.Load()
	if relay == nil {
		for packet := range slices.Chunk(packets, segmentSize) {
			x.socket.config.RelayByControl(x.id, packet)
		}
		return
	}
	buffer := frameBuffers.Get().(*[]byte)
	defer frameBuffers.Put(buffer)
	*buffer = appendRelayFrames((*buffer)[:0], x.id, packets, segmentSize)
	x.socket.write(*buffer, wire.RelayHeaderSize+segmentSize, ecn, *relay)
}

// appendRelayFrames appends each packet with a relay header of its own, so
// that the frames are again a super-buffer.
func appendRelayFrames(b []byte, session wire.SessionID, packets []byte, segmentSize int) []byte {
	for packet := range slices.Chunk(packets, segmentSize) {
		b = wire.AppendRelayHeader(b, session)
		b = append(b, packet...)
	}
	return b
}

// frameBuffers recycles the buffers of relay frames; they grow to what
// quic-go writes at once, 20 KiB, and the headers.
var frameBuffers = sync.Pool{New: func() any { return new([]byte) }}
