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
	if saved, err := d.savedMembership(); err != nil || saved.Name != "alice" {
		t.Errorf("saved membership is %v (%v), want alice's", saved, err)
	}
}
