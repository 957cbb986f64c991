//go:build linux

package endtoend

import (
	"net/netip"
	"testing"

	"peerd/internal/natlab"
	"peerd/internal/natlab/nat"
	"peerd/internal/stage"
)

// TestUDPBlockedIsDirectOverTCP proves that a network without UDP costs no
// detour: both peers open a TCP connection to each other, from the port of their
// control connections, and the session goes over it.
func TestUDPBlockedIsDirectOverTCP(t *testing.T) {
	t.Parallel()
	restricted := natlab.Userspace(nat.Behaviour{Filtering: nat.APDF})
	for _, test := range []struct {
		name       string
		alice, bob natlab.NAT // nil: a public host
	}{
		{"at the caller", natlab.UDPBlocked, natlab.Masquerade},
		{"at the callee", natlab.Masquerade, natlab.UDPBlocked},
		{"at both", natlab.UDPBlocked, natlab.UDPBlocked},
		{"towards a public host", natlab.UDPBlocked, nil},
		{"from a public host", nil, natlab.UDPBlocked},
		{"towards a restricted router", natlab.UDPBlocked, restricted},
		{"from a restricted router", restricted, natlab.UDPBlocked},
		{"towards a router with open input", natlab.UDPBlocked, natlab.InputAccept},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			lab, s := newStage(t)
			machine := func(name string, router natlab.NAT) *natlab.Host {
				if router == nil {
					return lab.PublicHost(name, natlab.Link{})
				}
				return lab.Home(name+"-home", router, homeLink).Host(name)
			}
			alice := join(t, s, machine("alice", test.alice), "alice")
			bob := join(t, s, machine("bob", test.bob), "bob")
			meet(t, alice, bob)
			send(t, alice, "bob", "the first message does not wait for a path")
			for _, row := range []stage.Row{awaitDirect(t, alice, "bob"), awaitDirect(t, bob, "alice")} {
				if got := row.Text("transport"); got != "tcp" {
					t.Errorf("the direct path goes over %q, want tcp: %v", got, row)
				}
			}
			if row := send(t, alice, "bob", "over the connection"); row.Text("path") != "direct" {
				t.Errorf("the second message took the path %q, want direct", row.Text("path"))
			}
			send(t, bob, "alice", "and back")
		})
	}
}

// TestTCPPathOutlivesTheRendezvous proves that nothing of what two peers say
// goes through the rendezvous any more, though both reach it by TCP alone.
func TestTCPPathOutlivesTheRendezvous(t *testing.T) {
	t.Parallel()
	_, s, h := pair(t, natlab.UDPBlocked, natlab.UDPBlocked)
	send(t, h.alice, "bob", "hello")
	awaitDirect(t, h.alice, "bob")
	awaitDirect(t, h.bob, "alice")
	s.KillRendezvous()
	for range 3 {
		if row := send(t, h.alice, "bob", "without the rendezvous"); row.Text("path") != "direct" {
			t.Errorf("the message took the path %q, want direct", row.Text("path"))
		}
	}
	if row := send(t, h.bob, "alice", "and back"); row.Text("path") != "direct" {
		t.Errorf("the message took the path %q, want direct", row.Text("path"))
	}
}

// TestTCPPathComesBack proves that peers without UDP are direct again after a
// router has got another address, which ends every TCP connection through it.
func TestTCPPathComesBack(t *testing.T) {
	t.Parallel()
	_, _, h := pair(t, natlab.UDPBlocked, natlab.Masquerade)
	send(t, h.alice, "bob", "hello")
	awaitDirect(t, h.alice, "bob")
	awaitDirect(t, h.bob, "alice")
	h.aliceHome.ChangeAddress()
	send(t, h.alice, "bob", "from the new address")
	eventually(t, "bob is direct to alice's new address", func() bool {
		row := path(t, h.bob, "alice")
		endpoint, err := netip.ParseAddrPort(row.Text("endpoint"))
		return err == nil && row.Text("path") == "direct" && endpoint.Addr() == h.aliceHome.Addr()
	})
	send(t, h.bob, "alice", "to the new address")
}
