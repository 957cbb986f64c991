package socket

import (
	"net/netip"
	"slices"
	"sync"
	"testing"

	"peerd/internal/offload"
	"peerd/wire"
)

// replaying is a socket's way to the network on which every datagram arrives five
// times, and one of long ago with each.
type replaying struct {
	datagramConn

	mu   sync.Mutex
	kept []keptDatagram
	next int
	// replays counts the QUIC packets that went out again.
	replays int
}

type keptDatagram struct {
	payload []byte
	to      netip.AddrPort
}

// maxKept bounds the recording; the oldest are the handshake's, and stay.
const maxKept = 2000

func (r *replaying) Write(b []byte, segmentSize int, ecn uint8, to netip.AddrPort) error {
	d := offload.Datagrams{Buffer: b, SegmentSize: segmentSize}
	if d.SegmentSize == 0 {
		d.SegmentSize = len(b)
	}
	again := r.keep(&d, to)
	for range 5 {
		if err := r.datagramConn.Write(b, segmentSize, ecn, to); err != nil {
			return err
		}
	}
	if again.payload == nil {
		return nil
	}
	return r.datagramConn.Write(again.payload, 0, 0, again.to)
}

// keep records datagrams and returns an older one.
func (r *replaying) keep(d *offload.Datagrams, to netip.AddrPort) (again keptDatagram) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) > 0 {
		r.next = (r.next + 1) % len(r.kept)
		again = r.kept[r.next]
	}
	for datagram := range d.Segments() {
		if kind := wire.Classify(datagram); kind == wire.DatagramQUIC || kind == wire.DatagramRelay {
			r.replays += 4
		}
		if len(r.kept) < maxKept {
			r.kept = append(r.kept, keptDatagram{slices.Clone(datagram), to})
		}
	}
	return again
}

// TestT09PacketsReplayedFiveTimesAreTakenOnce proves that QUIC takes a packet once,
// whether its copies come directly or through the relay, at once or much later: the
// streams are as they were sent.
func TestT09PacketsReplayedFiveTimesAreTakenOnce(t *testing.T) {
	var forth, back *replaying
	into := func(r **replaying) wrapper {
		return func(conn datagramConn) datagramConn {
			*r = &replaying{datagramConn: conn}
			return *r
		}
	}
	p := newPairOver(t, into(&forth), into(&back))
	a, b := p.connect(t)
	transfer(t, a, b, 10, nil)
	p.punch(t)
	transfer(t, a, b, 10, nil)
	transfer(t, b, a, 10, nil)
	for _, r := range []*replaying{forth, back} {
		r.mu.Lock()
		if r.replays < 1000 {
			t.Errorf("%d packets were replayed: this proves nothing", r.replays)
		}
		r.mu.Unlock()
	}
	if a.Context().Err() != nil || b.Context().Err() != nil {
		t.Error("the connection has ended")
	}
}
