package peer

import (
	"testing"

	"peerd/internal/invite"
	"peerd/peer/store"
	"peerd/wire"
)

// brokenDisk is a daemon that does not run, on a disk that breaks and is mended.
type brokenDisk struct {
	*Daemon
	t   *testing.T
	dir string
}

func newBrokenDisk(t *testing.T) *brokenDisk {
	t.Helper()
	b := &brokenDisk{t: t, dir: t.TempDir()}
	joined := &invite.Invite{Address: "192.0.2.1:7700", Circle: "home", Server: wire.Key{7}, Token: []byte("token")}
	config := Config{StateDir: b.dir, Listen: "127.0.0.1:0", Invite: joined, Logger: testLogger(t, "peer")}
	opened, err := store.Open(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	if b.Daemon, err = open(config, opened); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func (b *brokenDisk) breakDisk() {
	b.t.Helper()
	if err := b.store.Close(); err != nil {
		b.t.Fatal(err)
	}
}

func (b *brokenDisk) mend() {
	b.t.Helper()
	var err error
	if b.store, err = store.Open(b.dir); err != nil {
		b.t.Fatal(err)
	}
}

// TestMembershipIsKeptWhenTheDiskWorksAgain proves that a login which could not
// be written down is not taken for one that was.
func TestMembershipIsKeptWhenTheDiskWorksAgain(t *testing.T) {
	d := newBrokenDisk(t)
	welcome := wire.Welcome{Version: wire.Version, Circle: "home", Name: "alice"}
	d.breakDisk()
	if err := d.confirmMembership(welcome); err == nil {
		t.Fatal("a membership was kept on a broken disk")
	}
	d.mend()
	if err := d.confirmMembership(welcome); err != nil {
		t.Fatal(err)
	}
	if saved, err := savedMembership(d.store); err != nil || saved.Name != "alice" {
		t.Errorf("saved membership is %v (%v), want alice's", saved, err)
	}
}

// TestRosterIsKeptWholeWhenTheDiskWorksAgain proves that a change that was not
// kept is kept with the next one: else it would be missing after a restart, and
// the rendezvous would not know.
func TestRosterIsKeptWholeWhenTheDiskWorksAgain(t *testing.T) {
	d := newBrokenDisk(t)
	bob, carol := wire.Row{Key: wire.Key{1}, Name: "bob"}, wire.Row{Key: wire.Key{2}, Name: "carol"}
	d.breakDisk()
	if err := d.applySnapshot(wire.Snapshot{Epoch: 5, Version: 1, Rows: []wire.Row{bob}}); err != nil {
		t.Fatal(err)
	}
	d.mend()
	if err := d.applyDelta(wire.Delta{Epoch: 5, From: 1, To: 2, Changed: []wire.Row{carol}}); err != nil {
		t.Fatal(err)
	}
	_, version, rows, err := d.store.LoadRoster(t.Context())
	if err != nil || version != 2 || len(rows) != 2 {
		t.Errorf("kept version %d with %d members (%v), want version 2 with 2", version, len(rows), err)
	}
}
