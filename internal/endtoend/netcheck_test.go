//go:build linux

package endtoend

import (
	"strings"
	"testing"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/natlab/nat"
	"peerd/internal/stage"
)

// newObservingStage starts a rendezvous with two addresses, some routers away
// from the homes.
func newObservingStage(t *testing.T) (*natlab.Lab, *stage.Stage) {
	t.Helper()
	lab := natlab.New(t, natlab.Hops(6))
	vps := lab.PublicHost("vps", vpsLink)
	lab.AddPublicAddress(vps)
	s := stage.New(vps, binaries, t.TempDir())
	if err := s.StartRendezvous(); err != nil {
		t.Fatal(err)
	}
	return lab, s
}

// netcheck returns the row that a peer prints.
func netcheck(t *testing.T, p *stage.Peer) stage.Row {
	t.Helper()
	rows, result, err := p.Rows("netcheck")
	if err != nil || result.ExitCode != 0 {
		t.Fatalf("netcheck: exit %d, %v %s", result.ExitCode, err, result.Stderr)
	}
	return lastRow(t, rows)
}

// natOf is the NAT of a row as three words.
func natOf(row stage.Row) string {
	words, _ := row["nat"].(map[string]any)
	described := stage.Row(words)
	return strings.Join([]string{described.Text("mapping"), described.Text("filtering"), described.Text("allocation")}, " ")
}

// TestNetcheckTellsWhatTheRouterDoes proves that a user learns all there is to
// know about a hard router, and what is not known yet.
func TestNetcheckTellsWhatTheRouterDoes(t *testing.T) {
	t.Parallel()
	lab, s := newObservingStage(t)
	kind := nat.Behaviour{Mapping: nat.APDM, Filtering: nat.APDF, Allocation: nat.Sequential, Step: 2}
	home := lab.Home("home", natlab.Userspace(kind), homeLink)
	alice := join(t, s, home.Host("alice"), "alice")

	row := netcheck(t, alice)
	if got, want := natOf(row), "apdm apdf sequential"; got != want {
		t.Errorf("the router is %s, want %s", got, want)
	}
	if row.Number("step") != 2 || row.Text("hairpin") != "no" || row.Number("opener_ttl") != 2 {
		t.Errorf("netcheck says %v", row)
	}
	if hops, _ := row["own_hops"].([]any); len(hops) != 1 || hops[0].(map[string]any)["address"] != home.Gateway().String() {
		t.Errorf("routers of ours: %v, want %v", hops, home.Gateway())
	}
	if gaps, _ := row["not_measured"].([]any); len(gaps) != 1 || gaps[0].(map[string]any)["aspect"] != "lifetime" {
		t.Errorf("not measured: %v, want the lifetime", gaps)
	}
	if words := alice.Ctl("netcheck").Stdout; !strings.Contains(words, "in steps of 2") || !strings.Contains(words, home.Gateway().String()) {
		t.Errorf("in words:\n%s", words)
	}
}

// TestCuriosityCostsNothingBehindARouterThatPunishes proves that a router which
// bans whoever surprises it lets a peer keep its control connection and its
// relay by UDP, whatever the peer wants to know about it.
func TestCuriosityCostsNothingBehindARouterThatPunishes(t *testing.T) {
	t.Parallel()
	lab, s := newObservingStage(t)
	punishing := nat.Behaviour{Mapping: nat.APDM, Filtering: nat.APDF, Allocation: nat.Random, Strike: time.Hour}
	home := lab.Home("alice-home", natlab.Userspace(punishing), homeLink)
	alice := join(t, s, home.Host("alice"), "alice")
	if got, want := natOf(netcheck(t, alice)), "apdm apdf random"; got != want {
		t.Errorf("the router is %s, want %s", got, want)
	}
	if home.Dropped(nat.Unsolicited) == 0 {
		t.Fatal("the router was not surprised: this proves nothing")
	}
	netcheck(t, alice)

	bob := join(t, s, lab.Home("bob-home", natlab.FullyRandom, homeLink).Host("bob"), "bob")
	meet(t, alice, bob)
	send(t, bob, "alice", "hello")
	send(t, alice, "bob", "hello")
	rows, result, err := alice.Rows("status")
	if err != nil || result.ExitCode != 0 {
		t.Fatalf("status: exit %d, %v %s", result.ExitCode, err, result.Stderr)
	}
	row := lastRow(t, rows)
	rendezvous, _ := row["rendezvous"].(map[string]any)
	if stage.Row(rendezvous).Text("state") != "online" || stage.Row(rendezvous).Text("transport") != "udp" {
		t.Errorf("the rendezvous is %v, want online by udp", rendezvous)
	}
	if log := alice.Process().Stderr(); strings.Contains(log, "offline") {
		t.Errorf("alice was offline:\n%s", log)
	}
}

// TestNetcheckSaysThatUDPIsBlocked proves that a network which lets no UDP through
// is named as such, with nothing claimed about its NAT.
func TestNetcheckSaysThatUDPIsBlocked(t *testing.T) {
	t.Parallel()
	lab, s := newObservingStage(t)
	alice := join(t, s, lab.Home("home", natlab.UDPBlocked, homeLink).Host("alice"), "alice")
	row := netcheck(t, alice)
	if row["udp"] != false || natOf(row) != "unknown unknown unknown" {
		t.Errorf("netcheck says %v", row)
	}
	for _, gap := range row["not_measured"].([]any) {
		if reason := gap.(map[string]any)["reason"]; reason != "no-answer" {
			t.Errorf("not measured: %v", gap)
		}
	}
	if words := alice.Ctl("--lang", "zh", "netcheck").Stdout; !strings.Contains(words, "被阻断") || !strings.Contains(words, "未测量") {
		t.Errorf("in words:\n%s", words)
	}
}
