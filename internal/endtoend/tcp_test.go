//go:build linux

package endtoend

import (
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
