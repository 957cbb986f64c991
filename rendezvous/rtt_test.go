package rendezvous

import (
	"testing"
	"time"
)

func TestRoundTrip(t *testing.T) {
	const ms = time.Millisecond
	start := time.Unix(1_800_000_000, 0)
	var r roundTrip
	if r.estimate() != 0 {
		t.Errorf("before any pong: %v, want 0", r.estimate())
	}
	r.ping(7, start)
	r.pong(8, start.Add(ms))
	if r.estimate() != 0 {
		t.Errorf("a pong with another nonce counted: %v", r.estimate())
	}
	r.pong(7, start.Add(40*ms))
	if r.estimate() != 40*ms {
		t.Errorf("after the first pong: %v, want 40ms", r.estimate())
	}
	r.pong(7, start.Add(900*ms))
	if r.estimate() != 40*ms {
		t.Errorf("a repeated pong counted: %v", r.estimate())
	}
	r.ping(9, start)
	r.pong(9, start.Add(840*ms))
	if r.estimate() != 140*ms {
		t.Errorf("a queue of 800 ms moves the estimate to %v, want 140ms", r.estimate())
	}
	r.ping(10, start)
	r.pong(10, start.Add(20*ms))
	if r.estimate() != 20*ms {
		t.Errorf("a shorter way counts at once: %v, want 20ms", r.estimate())
	}
}
