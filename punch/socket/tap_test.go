package socket

import (
	"net/netip"
	"sync"

	"peerd/internal/offload"
	"peerd/wire"
)

// tap sits between a socket and the network: it counts what passes, and fails
// the sends that fail wants to.
type tap struct {
	datagramConn
	fail func(send int) error // nil: none

	mu sync.Mutex
	tapped
}

// tapped is what a tap has seen.
type tapped struct {
	sends, segmentedSends, markedSends int
	largest                            int // datagram sent, in bytes
	joinedReads, markedReads           int
	packetsOut, packetsIn              int // QUIC's, bare or in relay frames
}

// tapInto returns a wrapper that sets *t.
func tapInto(t **tap, fail func(send int) error) wrapper {
	return func(conn datagramConn) datagramConn {
		*t = &tap{datagramConn: conn, fail: fail}
		return *t
	}
}

func (t *tap) Write(b []byte, segmentSize int, ecn uint8, to netip.AddrPort) error {
	t.mu.Lock()
	t.sends++
	if segmentSize > 0 && segmentSize < len(b) {
		t.segmentedSends++
	}
	if ecn != 0 {
		t.markedSends++
	}
	t.packetsOut += packetsIn(&offload.Datagrams{Buffer: b, SegmentSize: segmentSize})
	t.largest = max(t.largest, segmentSize)
	if segmentSize == 0 {
		t.largest = max(t.largest, len(b))
	}
	send := t.sends
	t.mu.Unlock()
	if t.fail != nil {
		if err := t.fail(send); err != nil {
			return err
		}
	}
	return t.datagramConn.Write(b, segmentSize, ecn, to)
}

func (t *tap) ReadBatch(into []offload.Datagrams) (int, error) {
	n, err := t.datagramConn.ReadBatch(into)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, d := range into[:n] {
		t.packetsIn += packetsIn(&d)
		if d.SegmentSize < len(d.Buffer) {
			t.joinedReads++
		}
		if d.ECN != 0 {
			t.markedReads++
		}
	}
	return n, err
}

// packetsIn counts the QUIC packets of d.
func packetsIn(d *offload.Datagrams) (packets int) {
	for datagram := range d.Segments() {
		if kind := wire.Classify(datagram); kind == wire.DatagramQUIC || kind == wire.DatagramRelay {
			packets++
		}
	}
	return packets
}

// seen returns what has passed so far.
func (t *tap) seen() tapped {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tapped
}
