//go:build linux

package endtoend

import (
	"net/netip"
	"testing"

	"peerd/internal/natlab"
	"peerd/internal/stage"
)

// newStage6 starts a rendezvous on a test internet that has IPv6, too. Its
// invites name it by IPv4.
func newStage6(t *testing.T) (*natlab.Lab, *stage.Stage) {
	t.Helper()
	lab := natlab.New(t, natlab.IPv6())
	s := stage.New(lab.PublicHost("vps", vpsLink), binaries, t.TempDir())
	if err := s.StartRendezvous(); err != nil {
		t.Fatal(err)
	}
	return lab, s
}

// TestSymmetricRoutersGoDirectOverIPv6 proves that two homes whose routers leave
// no way by IPv4 meet by IPv6, through two firewalls that let nobody in; and
// that no number of other addresses keeps them from it.
func TestSymmetricRoutersGoDirectOverIPv6(t *testing.T) {
	t.Parallel()
	lab, s := newStage6(t)
	alicesHost := lab.Home("alice-home", natlab.FullyRandom, homeLink).Host("alice")
	bobsHost := lab.Home("bob-home", natlab.FullyRandom, homeLink).Host("bob")
	addAddresses(t, alicesHost)
	addAddresses(t, bobsHost)
	alice, bob := join(t, s, alicesHost, "alice"), join(t, s, bobsHost, "bob")
	meet(t, alice, bob)

	send(t, alice, "bob", "the first message does not wait for a path")
	wantEndpoint(t, awaitDirect(t, alice, "bob"), bobsHost.IPv6())
	wantEndpoint(t, awaitDirect(t, bob, "alice"), alicesHost.IPv6())
	if row := send(t, alice, "bob", "over IPv6"); row.Text("path") != "direct" {
		t.Errorf("second message took the path %q, want direct", row.Text("path"))
	}
}

// wantEndpoint checks the address at which a row says the peer is.
func wantEndpoint(t *testing.T, row stage.Row, want netip.Addr) {
	t.Helper()
	if endpoint, err := netip.ParseAddrPort(row.Text("endpoint")); err != nil || endpoint.Addr() != want {
		t.Errorf("the peer is at %q, want %v", row.Text("endpoint"), want)
	}
}

// TestIPv6OnOneSideIsNoWay proves that IPv6 that only one of two has is no
// harm: they are relayed over IPv4 as without.
func TestIPv6OnOneSideIsNoWay(t *testing.T) {
	t.Parallel()
	lab, s := newStage6(t)
	alice := join(t, s, lab.Home("alice-home", natlab.FullyRandom, homeLink).Host("alice"), "alice")
	bob := join(t, s, lab.Home("bob-home", natlab.FullyRandom, homeLink, natlab.IPv4Only()).Host("bob"), "bob")
	meet(t, alice, bob)
	send(t, alice, "bob", "sealed")
	if row := send(t, bob, "alice", "by session"); row.Text("path") != "relay" {
		t.Errorf("message took the path %q, want relay", row.Text("path"))
	}
	_, result, _ := alice.Rows("--timeout", "4s", "wait", "direct", "bob")
	if result.ExitCode != 7 {
		t.Errorf("wait direct ended with %d, want 7 (only relayed)", result.ExitCode)
	}
	wantRendezvous(t, alice, s)
}

// wantRendezvous checks that a peer is seen at an IPv4 endpoint by the rendezvous.
func wantRendezvous(t *testing.T, p *stage.Peer, s *stage.Stage) {
	t.Helper()
	rows, _, err := p.Rows("status")
	if err != nil {
		t.Fatal(err)
	}
	nat, _ := lastRow(t, rows)["nat"].(map[string]any)
	text, _ := nat["observed"].(string)
	if observed, err := netip.ParseAddrPort(text); err != nil || !observed.Addr().Is4() {
		t.Errorf("%s is observed at %q by %v, want an IPv4 endpoint", p.Name, text, s.Endpoint())
	}
}
