package peer

import (
	"bytes"
	"os"
	"testing"

	"peerd/peer/api"
	"peerd/peer/store"
)

// A daemon whose messages are no database any more runs on, delivers, and says so
// until the user has removed the damaged file.
func TestDaemonRunsOnWithADamagedFile(t *testing.T) {
	c := newCircle(t)
	bob := c.join("bob")
	dir := t.TempDir()
	alice := c.joinAt("alice", dir)
	if err := alice.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(store.Path(dir), bytes.Repeat([]byte("nonsense"), 10_000), 0o600); err != nil {
		t.Fatal(err)
	}
	alice = c.joinAt("alice", dir)
	c.knows(alice, "bob")
	c.send(alice, "bob", "life goes on")
	if got := texts(t, bob, "alice"); len(got) != 1 {
		t.Errorf("bob has %q", got)
	}
	damage := statusOf(t, alice).Damage
	if damage == nil {
		t.Fatal("the damage is not told")
	}
	if err := os.Remove(damage.Kept); err != nil {
		t.Fatal(err)
	}
	if damage := statusOf(t, alice).Damage; damage != nil {
		t.Errorf("told of %+v, which the user has dealt with", damage)
	}
}

func statusOf(t *testing.T, d *Daemon) api.Status {
	t.Helper()
	status, err := d.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return status
}
