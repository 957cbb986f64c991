package socket

import (
	"testing"
	"testing/synctest"
	"time"

	"peerd/punch"
	"peerd/wire"
)

// TestT11ConfinedSessionIsSilentOnTheWire has a peer, who knows where we are, probe us
// before we have accepted it, and after.
func TestT11ConfinedSessionIsSilentOnTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, stranger := newLinked("203.0.113.1:4001"), newLinked("203.0.113.2:4002")
		a.link.hear(stranger.Socket)
		stranger.link.hear(a.Socket)
		a.session, stranger.session = openBoth(t, a.side, stranger.side, randomSession())
		defer a.session.Close()
		defer stranger.session.Close()
		a.session.Confine()
		stranger.session.Introduce(Introduction{Candidates: localCandidate(a.link.addr)})
		a.session.sending()
		a.NetworkChanged()
		time.Sleep(time.Hour)
		if stranger.link.count(wire.DatagramProbe) == 0 {
			t.Fatal("the stranger did not even try")
		}
		if n := a.link.destinations()[stranger.link.addr]; n != 0 {
			t.Errorf("%d datagrams went to the stranger", n)
		}
		if n := len(a.talks); n != 0 {
			t.Errorf("%d introductions were asked for", n)
		}
		if path := stranger.session.Path(); path != (punch.Path{}) {
			t.Errorf("the stranger has the path %v", path)
		}

		a.session.Introduce(Introduction{Candidates: localCandidate(stranger.link.addr)})
		stranger.session.Introduce(Introduction{Candidates: localCandidate(a.link.addr)})
		time.Sleep(5 * time.Second)
		if !a.session.Path().IsDirect() || !stranger.session.Path().IsDirect() {
			t.Error("accepted, there is no direct path")
		}
		a.session.Confine()
		if a.session.Path().IsDirect() {
			t.Error("the direct path outlives the permission")
		}
	})
}
