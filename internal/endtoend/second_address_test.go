//go:build linux

package endtoend

import (
	"crypto/rand"
	"net"
	"net/netip"
	"testing"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/natlab/nat"
	"peerd/internal/stage"
	"peerd/wire"
)

// TestSecondAddressTellsHowRoutersMapAndFilter proves that a rendezvous whose host
// has two public addresses uses both without being told, and that what it answers
// is enough to name each mapping and filtering of RFC 4787.
func TestSecondAddressTellsHowRoutersMapAndFilter(t *testing.T) {
	t.Parallel()
	lab := natlab.New(t)
	vps := lab.PublicHost("vps", vpsLink)
	second := lab.AddPublicAddress(vps)
	s := stage.New(vps, binaries, t.TempDir())
	if err := s.StartRendezvous(); err != nil {
		t.Fatal(err)
	}
	for mapping := nat.EIM; mapping <= nat.APDM; mapping++ {
		for filtering := nat.EIF; filtering <= nat.APDF; filtering++ {
			behaviour := nat.Behaviour{Mapping: mapping, Filtering: filtering}
			t.Run(behaviour.String(), func(t *testing.T) {
				home := lab.Home(behaviour.String(), natlab.Userspace(behaviour), natlab.Link{})
				o := &observing{t: t, router: home, conn: home.Host("alice").ListenUDP(0), at: s.Endpoint()}
				if got := o.classify(second); got != behaviour {
					t.Errorf("looks like %v", got)
				}
			})
		}
	}
}

// observing is a socket behind a router that asks a rendezvous about it.
type observing struct {
	t      *testing.T
	router *natlab.Home
	conn   *net.UDPConn
	at     netip.AddrPort // main address and port
}

// classify asks in the order that wire.Accept's documentation gives.
func (o *observing) classify(second netip.Addr) (seen nat.Behaviour) {
	o.t.Helper()
	here, answered := o.login(o.at, wire.Change{}, o.at)
	if !answered || here.OtherAddr != second {
		o.t.Fatalf("the accept is %+v, want another address %v", here, second)
	}
	secondMain := netip.AddrPortFrom(second, o.at.Port())
	secondOther := netip.AddrPortFrom(second, here.OtherPort)
	firstOther := netip.AddrPortFrom(o.at.Addr(), here.OtherPort)

	_, fromAnywhere := o.login(o.at, wire.Change{Address: true, Port: true}, secondOther)
	_, fromThatAddress := o.login(secondMain, wire.Change{Port: true}, secondOther)
	switch {
	case fromAnywhere:
		seen.Filtering = nat.EIF
	case fromThatAddress:
		seen.Filtering = nat.ADF
	default:
		seen.Filtering = nat.APDF
	}
	otherAddress, _ := o.login(secondMain, wire.Change{}, secondMain)
	otherPort, _ := o.login(firstOther, wire.Change{}, firstOther)
	switch here.Observed {
	case otherAddress.Observed:
		seen.Mapping = nat.EIM
	case otherPort.Observed:
		seen.Mapping = nat.ADM
	default:
		seen.Mapping = nat.APDM
	}
	return seen
}

// login asks for an Accept and returns it, or false when the router has dropped
// it. It must come from the endpoint given.
func (o *observing) login(to netip.AddrPort, change wire.Change, from netip.AddrPort) (wire.Accept, bool) {
	o.t.Helper()
	dropped := o.router.Dropped(nat.Unsolicited)
	login := wire.Login{Change: change}
	_, _ = rand.Read(login.TransactionID[:])
	if _, err := o.conn.WriteToUDPAddrPort(login.Append(nil), to); err != nil {
		o.t.Fatal(err)
	}
	buffer := make([]byte, wire.LoginSize)
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if o.router.Dropped(nat.Unsolicited) > dropped {
			return wire.Accept{}, false
		}
		_ = o.conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		n, source, err := o.conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			continue // nothing yet: look at the router again
		}
		accept, err := wire.ParseAccept(buffer[:n])
		if err != nil || accept.TransactionID != login.TransactionID || source != from {
			o.t.Fatalf("login to %v with %+v: %v answers %+v, %v; want it from %v", to, change, source, accept, err, from)
		}
		return accept, true
	}
	o.t.Fatalf("login to %v with %+v: neither answered nor filtered", to, change)
	return wire.Accept{}, false
}
