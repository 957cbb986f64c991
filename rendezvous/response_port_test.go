package rendezvous

import (
	"crypto/rand"
	"net/netip"
	"testing"
	"time"

	"peerd/internal/offload"
	"peerd/wire"
)

// redirected asks at an endpoint for an Accept at another client's socket.
func (c *client) redirected(to netip.AddrPort, change wire.Change, other *client) wire.Login {
	c.t.Helper()
	login := wire.Login{Change: change, ResponsePort: udpPort(other)}
	_, _ = rand.Read(login.TransactionID[:])
	if _, err := c.socket().WriteToUDPAddrPort(login.Append(nil), to); err != nil {
		c.t.Fatal(err)
	}
	return login
}

func udpPort(c *client) uint16 { return addrOf(c.socket().LocalAddr()).Port() }

// TestSecondAddressAnswersAtAnotherPort proves that a peer can find out whether
// its NAT still has a mapping, without being told more than that.
func TestSecondAddressAnswersAtAnotherPort(t *testing.T) {
	s := startServer(t, besides(secondLoopback))
	asking, idle := newClient(t, s), newClient(t, s)
	login := asking.redirected(asking.atAddr(secondLoopback, mainPort), wire.Change{}, idle)
	accept, err := wire.ParseAccept(idle.datagram())
	if err != nil || accept.TransactionID != login.TransactionID || accept.Observed.Port() != udpPort(asking) {
		t.Errorf("got %+v, %v, want an answer to %+v", accept, err, login)
	}
	if accept.Cookie != (wire.Cookie{}) {
		t.Error("one endpoint's cookie went to another")
	}
}

// TestT01NobodyIsSurprisedByTheFirstAddress proves that a router which bans whoever
// surprises it cannot be made to ban the address that peers log in to.
func TestT01NobodyIsSurprisedByTheFirstAddress(t *testing.T) {
	s := startServer(t, besides(secondLoopback))
	asking, idle := newClient(t, s), newClient(t, s)
	asking.redirected(asking.at, wire.Change{}, idle)
	asking.redirected(asking.atAddr(firstLoopback, otherPort), wire.Change{}, idle)
	asking.redirected(asking.atAddr(secondLoopback, mainPort), wire.Change{Address: true}, idle)
	want := asking.redirected(asking.atAddr(secondLoopback, mainPort), wire.Change{}, idle)
	accept, err := wire.ParseAccept(idle.datagram())
	if err != nil || accept.TransactionID != want.TransactionID {
		t.Errorf("the first answer is %+v, %v, want the one to %+v", accept, err, want)
	}
}

// TestT01AnswersElsewhereAreRationed proves that whoever owns a port behind the same
// address cannot be flooded by asking for it.
func TestT01AnswersElsewhereAreRationed(t *testing.T) {
	s := startServer(t, besides(secondLoopback))
	asking, idle := newClient(t, s), newClient(t, s)
	login := wire.Login{ResponsePort: udpPort(idle)}.Append(nil)
	asked := &offload.Datagrams{Buffer: login, SegmentSize: len(login), From: addrOf(asking.socket().LocalAddr())}
	now := time.Now() // of all of them: nothing is allowed anew meanwhile
	for range 3 * bindingBurst {
		s.receive(s.at(mainPort, secondLoopback), asked, now)
	}
	if answered := s.counters.bindings.Load(); answered != bindingBurst {
		t.Errorf("%d of %d answers were sent, want %d", answered, 3*bindingBurst, bindingBurst)
	}
	if accept, err := wire.ParseAccept(idle.datagram()); err != nil || accept.Observed != asked.From {
		t.Errorf("the first is %+v, %v", accept, err)
	}
}
