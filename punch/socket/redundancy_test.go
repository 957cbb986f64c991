package socket

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"peerd/wire"
)

func TestCopiesAgainstLoss(t *testing.T) {
	for _, c := range []struct {
		lost   float64
		copies int32 // with which so much was lost
		want   int32
	}{
		{0, 1, 1},
		{0.1, 1, 1},
		{0.12, 1, 2},
		{0.3, 1, 2},
		{0.09, 2, 2}, // which is the same link
		{0.51, 1, 3},
		{0.51 * 0.51 * 0.51, 3, 3},
		{0, 3, 1},
		{1, 1, 3},
	} {
		if got := copiesAgainst(c.lost, c.copies); got != c.want {
			t.Errorf("%.3f of what was sent %d times is lost: send %d times, want %d", c.lost, c.copies, got, c.want)
		}
	}
}

// TestLossIsLearnedAndForgotten proves that copies begin with a lossy window, and
// end one by one when nothing is lost any more.
func TestLossIsLearnedAndForgotten(t *testing.T) {
	l := newListener(t)
	var sent, lost uint64 = 1000, 900 // of long ago
	l.session.MeasureLoss(func() (uint64, uint64) { return sent, lost })
	for i, step := range []struct {
		sent, lost uint64
		want       int32
	}{
		{lossWindow - 1, lossWindow - 1, 0}, // too few to tell
		{1, 0, 3},
		{lossWindow, 0, 2},
		{lossWindow, 0, 1},
		{lossWindow, 0, 1},
	} {
		sent, lost = sent+step.sent, lost+step.lost
		l.session.redundancy.measure()
		if got := l.session.redundancy.copies.Load(); got != step.want {
			t.Errorf("step %d: %d copies, want %d", i, got, step.want)
		}
	}
	lost -= 10 // some had only been late
	sent += lossWindow
	l.session.redundancy.measure()
	if got := l.session.redundancy.copies.Load(); got != 1 {
		t.Errorf("after a counter went back: %d copies, want 1", got)
	}
}

func TestCopiesAreRationed(t *testing.T) {
	var r redundancy
	now := time.Now()
	if got := r.further(1, now); got != 0 {
		t.Errorf("%d copies where nothing is lost", got)
	}
	r.copies.Store(2)
	total := 0
	for range 10 * copyBurst {
		total += r.further(1, now)
	}
	if total != copyBurst {
		t.Errorf("%d copies at once, want %d", total, copyBurst)
	}
	if got := r.further(copyBurst+1, now.Add(time.Hour)); got != 0 {
		t.Errorf("%d copies of more than all tokens", got)
	}
	if got := r.further(10, now.Add(time.Hour)); got != 1 {
		t.Errorf("%d copies after a pause, want 1", got)
	}
}

// TestNothingIsCopiedOverTCP proves that what TCP repeats is sent once.
func TestNothingIsCopiedOverTCP(t *testing.T) {
	for _, c := range []struct {
		relay netip.AddrPort
		want  int
	}{{server, 3}, {netip.AddrPort{}, 1}} {
		t.Run(fmt.Sprint(c.relay), func(t *testing.T) {
			l := newListener(t)
			network := &linkEnd{written: map[wire.DatagramKind]int{}}
			l.conn = network
			inside := 0
			l.config.RelayByControl = func(wire.SessionID, []byte) { inside++ }
			l.SetRelay(c.relay)
			l.session.redundancy.copies.Store(3)
			l.session.send(quicPacket, 0, 0)
			if got := network.written[wire.DatagramRelay] + inside; got != c.want {
				t.Errorf("sent %d times, want %d", got, c.want)
			}
		})
	}
}
