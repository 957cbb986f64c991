package socket

import (
	"net/netip"
	"testing"

	"peerd/punch"
)

// closings counts how often an outlet was closed.
type closings int

func (*closings) write([]byte, int, uint8, netip.AddrPort, int) {}

func (c *closings) close() { *c++ }

func TestASocketNumberIsUsedOnce(t *testing.T) {
	var o outlets
	for _, id := range []punch.SocketID{1, 63, 64, 1000, 2} {
		if _, used := o.find(id); used {
			t.Errorf("%d is used before it was added", id)
		}
		own := new(closings)
		if !o.add(id, own) {
			t.Fatalf("%d cannot be added", id)
		}
		if found, used := o.find(id); found != own || !used {
			t.Errorf("%d is not found", id)
		}
		if o.add(id, new(closings)) {
			t.Errorf("%d is added twice", id)
		}
		if o.remove(id) != own || o.remove(id) != nil {
			t.Errorf("%d is not removed, or twice", id)
		}
		if found, used := o.find(id); found != nil || !used || o.add(id, own) {
			t.Errorf("%d can be used again", id)
		}
	}
	if !o.add(5, nil) {
		t.Error("a number cannot be used up")
	}
	if found, used := o.find(5); found != nil || !used {
		t.Error("a number that was used up is free, or has an outlet")
	}
}

func TestClosingASessionClosesItsSocketsOnce(t *testing.T) {
	var o outlets
	var first, second closings
	o.add(1, &first)
	o.add(2, &second)
	o.closeAll()
	o.closeAll()
	if first != 1 || second != 1 {
		t.Errorf("closed %d and %d times", first, second)
	}
	if o.add(3, new(closings)) {
		t.Error("a closed session opens a socket")
	}
}

func TestASocketKnowsFewEndpoints(t *testing.T) {
	var o outlets
	endpoint := func(i int) netip.AddrPort { return netip.AddrPortFrom(stranger.Addr(), uint16(5000+i)) }
	o.hear(1, endpoint(0), false)
	if o.hasHeard(1, endpoint(0)) {
		t.Error("somebody is heard at a socket that is not open")
	}
	o.add(1, new(closings))
	o.add(2, new(closings))
	for i := range 10 * maxClaims {
		o.hear(1, endpoint(i), false)
	}
	if len(o.claims) != maxClaims || !o.hasHeard(1, endpoint(10*maxClaims-1)) || o.hasHeard(1, endpoint(0)) {
		t.Errorf("it remembers %d endpoints, or not the latest", len(o.claims))
	}
	o.hear(2, endpoint(0), false)
	if o.hasProven(2, endpoint(0)) || o.hasHeard(1, endpoint(0)) {
		t.Error("a probe proves its source, or is heard at every socket")
	}
	o.hear(2, endpoint(0), true)
	o.hear(2, endpoint(0), false) // and does not unprove it
	if !o.hasProven(2, endpoint(0)) {
		t.Error("a reply does not prove its source")
	}
	o.remove(2)
	if o.hasHeard(2, endpoint(0)) {
		t.Error("a closed socket remembers who was heard at it")
	}
}
