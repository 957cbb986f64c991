package socket

import (
	"testing"
)

func TestQUICOverRelayThenDirect(t *testing.T) {
	p := newPair(t)
	a, b := p.connect(t)
	if p.relay.forwarded() == 0 {
		t.Fatal("the handshake did not go over the relay")
	}
	transfer(t, a, b, 20, nil)
	p.punch(t)
	before := p.relay.forwarded()
	transfer(t, b, a, 20, nil)
	transfer(t, a, b, 20, nil)
	if after := p.relay.forwarded(); after != before {
		t.Errorf("%d super-buffers went over the relay on a direct path", after-before)
	}
	if !p.a.session.Path().IsDirect() || !p.b.session.Path().IsDirect() {
		t.Error("the path did not stay direct")
	}
}
