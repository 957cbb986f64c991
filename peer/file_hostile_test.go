package peer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/quic-go/quic-go"

	"peerd/peer/api"
	"peerd/peer/transfer"
	"peerd/peer/transfer/disk"
	"peerd/wire"
)

// forgeOffer has a daemon offer what a hostile one would: any name, and a manifest of
// which nothing need be true. path is what it serves.
func (c *circle) forgeOffer(from, to *Daemon, name, path string, manifest *transfer.Manifest) string {
	c.t.Helper()
	id, err := from.offer(c.guard(), to.Key(), disk.Scanned{Path: path, Name: name, Manifest: manifest})
	if err != nil {
		c.t.Fatal(err)
	}
	from.conversation(to.Key()).wake()
	return id.String()
}

// manifestOf is that of one file.
func (c *circle) manifestOf(path string) *transfer.Manifest {
	c.t.Helper()
	scanned, err := disk.Scan(c.guard(), path)
	if err != nil {
		c.t.Fatal(err)
	}
	return scanned.Manifest
}

// TestT25HostileOffersStayInTheDownloadFolder has a peer, whose files are accepted
// without asking, offer names that have led out of others' folders (CVE-2023-43616,
// CVE-2026-42448), what is there already, and more than there is room for.
func TestT25HostileOffersStayInTheDownloadFolder(t *testing.T) {
	c := newCircle(t)
	const room = 1 << 30
	c.diskSpace = func(string) (free, size uint64, err error) { return room, room, nil }
	mallory, bob := c.join("mallory"), c.join("bob")
	c.knows(bob, "mallory")
	c.knows(mallory, "bob")
	c.policy(bob, "mallory", api.PolicyAuto)
	downloads := bob.downloads()
	if err := os.MkdirAll(downloads, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(downloads, "mine"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := c.write("f", []byte("evil"))
	manifest := c.manifestOf(path)
	names := []string{"../../../evil", "/etc/cron.d/evil", "mine", "a\x1b[2J\u202etxt"} // more are in transfer/disk
	for _, name := range names {
		row := c.awaitTransfer(bob, c.forgeOffer(mallory, bob, name, path, manifest), api.TransferDone)
		if filepath.Dir(row.Path) != downloads {
			t.Errorf("%q went to %s", name, row.Path)
		}
		wantFile(t, row.Path, []byte("evil"))
	}
	wantFile(t, filepath.Join(downloads, "mine"), []byte("mine"))

	huge, err := transfer.New([]transfer.Entry{{Size: 4 * room, Chunks: make([]transfer.Hash, 4*room/transfer.ChunkSize)}})
	if err != nil {
		t.Fatal(err)
	}
	id := c.forgeOffer(mallory, bob, "huge", path, huge)
	c.await("the offer has come", func() bool {
		rows, err := bob.Transfers(c.guard())
		return err == nil && len(rows) == len(names)+1
	})
	rows, err := bob.Transfers(c.guard())
	if err != nil {
		t.Fatal(err)
	}
	if last := rows[len(rows)-1]; last.ID != id || last.State != api.TransferOffered || last.Moved != 0 {
		t.Errorf("4 GiB for a disk of 1 GiB: %+v", last)
	}
	entries, err := os.ReadDir(downloads)
	if want := len(names) + 2; err != nil || len(entries) != want { // mine, and the staging folder
		t.Errorf("%d entries in the download folder (%v), want %d: %v", len(entries), err, want, entries)
	}
}

// TestT25IdleFetchesDoNotHoldUpTheEndOfASession has a peer open as many streams as are
// served at a time, and ask for nothing on them.
func TestT25IdleFetchesDoNotHoldUpTheEndOfASession(t *testing.T) {
	c := newCircle(t)
	alice, mallory := c.join("alice"), c.join("mallory")
	c.knows(alice, "mallory")
	c.knows(mallory, "alice")
	path := c.write("f", []byte("content"))
	offer, err := wire.ParseMessageID(c.forgeOffer(alice, mallory, "f", path, c.manifestOf(path)))
	if err != nil {
		t.Fatal(err)
	}
	session, err := mallory.connectedSession(c.guard(), alice.Key())
	if err != nil {
		t.Fatal(err)
	}
	connection, err := session.dialBulk(c.guard())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.CloseWithError(codeClosed, "")
	for range bulkStreams {
		if _, err := openFetch(c.guard(), connection, wire.FileFetch{Offer: offer}); err != nil {
			t.Fatal(err)
		}
	}
	c.await("both streams are served", func() bool {
		alice.files.mu.Lock()
		defer alice.files.mu.Unlock()
		service := alice.files.services[offer]
		return service != nil && service.streams == bulkStreams
	})
	// Mallory's session hears of its own end too, and must not have gone, with the way to
	// this connection, before word of this one comes.
	done := make(chan struct{})
	session.begin(func() { <-done })
	defer close(done)
	alice.dropSessions(mallory.Key())
	<-connection.Context().Done()
	cause := context.Cause(connection.Context())
	if end, ok := errors.AsType[*quic.ApplicationError](cause); !ok || !end.Remote {
		t.Errorf("the session waited for %v", cause) // a peer that says something now and then never gets there
	}
}
