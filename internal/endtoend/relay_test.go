//go:build linux

package endtoend

import (
	"testing"

	"peerd/internal/natlab"
	"peerd/internal/natlab/nat"
)

// TestNothingButTheControlConnection proves that homes that let no UDP through,
// and give each TCP connection another port, still get their messages, inside
// the control connection.
func TestNothingButTheControlConnection(t *testing.T) {
	t.Parallel()
	shut := natlab.Userspace(nat.Behaviour{Mapping: nat.APDM, Filtering: nat.APDF, Allocation: nat.Random, UDPBlocked: true})
	_, _, h := pair(t, shut, shut)
	for _, text := range []string{"sealed", "by session"} {
		if row := send(t, h.alice, "bob", text); row.Text("path") != "relay" {
			t.Errorf("message took the path %q, want relay", row.Text("path"))
		}
		if row := send(t, h.bob, "alice", text); row.Text("path") != "relay" {
			t.Errorf("message back took the path %q, want relay", row.Text("path"))
		}
	}
	rows, _, err := h.alice.Rows("status")
	if err != nil || lastRow(t, rows)["udp"] != false {
		t.Errorf("alice's status says udp %v (%v), want false", lastRow(t, rows)["udp"], err)
	}
}

// TestTwoSymmetricRoutersAreRelayed proves that where no direct path can
// exist, messages are delivered all the same, and the path is called by its
// name.
func TestTwoSymmetricRoutersAreRelayed(t *testing.T) {
	t.Parallel()
	_, _, h := pair(t, natlab.FullyRandom, natlab.FullyRandom)
	send(t, h.alice, "bob", "sealed")
	if row := send(t, h.alice, "bob", "by session"); row.Text("path") != "relay" {
		t.Errorf("message took the path %q, want relay", row.Text("path"))
	}
	_, result, _ := h.alice.Rows("--timeout", "4s", "wait", "direct", "bob")
	if result.ExitCode != 7 {
		t.Errorf("wait direct ended with %d, want 7 (only relayed)", result.ExitCode)
	}
	rows, _, err := h.alice.Rows("status")
	if err != nil {
		t.Fatal(err)
	}
	nat, _ := lastRow(t, rows)["nat"].(map[string]any)
	if nat["mapping"] != "apdm" {
		t.Errorf("alice's status says mapping %v, want apdm", nat["mapping"])
	}
}
