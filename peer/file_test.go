package peer

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"peerd/peer/api"
	"peerd/peer/transfer"
	"peerd/wire"
)

// noise is content that no two chunks have in common.
func noise(size int) []byte {
	content := make([]byte, size)
	rand.NewChaCha8([32]byte{byte(size)}).Read(content)
	return content
}

// write makes a file in a folder of its own and returns its path.
func (c *circle) write(name string, content []byte) string {
	c.t.Helper()
	path := filepath.Join(c.t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		c.t.Fatal(err)
	}
	return path
}

func (c *circle) offer(from *Daemon, to, path string) api.Transfer {
	c.t.Helper()
	row, err := from.OfferFile(c.guard(), api.FileOffer{To: to, Path: path})
	if err != nil {
		c.t.Fatalf("offer to %s: %v", to, err)
	}
	return row
}

func (c *circle) decide(d *Daemon, id string, verb api.FileVerb) api.Transfer {
	c.t.Helper()
	row, err := d.DecideFile(c.guard(), api.FileDecision{ID: id, Verb: verb})
	if err != nil {
		c.t.Fatalf("%s: %v", verb, err)
	}
	return row
}

func (c *circle) policy(d *Daemon, of string, policy api.PolicyWord) {
	c.t.Helper()
	if _, err := d.FilePolicy(c.guard(), api.FilePolicy{Peer: of, Policy: policy}); err != nil {
		c.t.Fatal(err)
	}
}

// awaitTransfer waits until a transfer is in the state; another final one is a
// failure.
func (c *circle) awaitTransfer(d *Daemon, id string, state api.TransferState) (row api.Transfer) {
	c.t.Helper()
	c.await("transfer is "+string(state), func() bool {
		rows, err := d.Transfers(c.guard())
		if err != nil {
			c.t.Fatal(err)
		}
		i := slices.IndexFunc(rows, func(row api.Transfer) bool { return row.ID == id })
		if i < 0 {
			return false
		}
		row = rows[i]
		if row.State.Final() && row.State != state {
			c.t.Fatalf("transfer is %s (%s), want %s", row.State, row.Reason, state)
		}
		return row.State == state
	})
	return row
}

// A sluice holds up what a daemon writes of files, so that a test can be sure to look in
// the middle. It lets chunks through, and looks at the disk before the first.
type sluice struct {
	passes chan struct{}
	ended  chan struct{} // closed when the daemon behind it ends
	open   func()        // for good
}

// sluice is in front of the disks of the next daemons. Open it before they are closed.
func (c *circle) sluice() *sluice {
	s := &sluice{passes: make(chan struct{}, 1<<10), ended: make(chan struct{})}
	s.open = sync.OnceFunc(func() { close(s.passes) })
	c.diskSpace = func(dir string) (free, size uint64, err error) {
		if filepath.Base(dir) == "downloads" {
			select {
			case <-s.passes:
			case <-s.ended:
				return 0, 0, context.Canceled
			}
		}
		return math.MaxInt64, math.MaxInt64, nil
	}
	return s
}

func (s *sluice) let(passes int) {
	for range passes {
		s.passes <- struct{}{}
	}
}

// end closes the daemon behind it, whose writes are held up until it is closing.
func (s *sluice) end(t *testing.T, d *Daemon) {
	t.Helper()
	closed := make(chan error, 1)
	go func() { closed <- d.Close() }()
	<-d.ctx.Done()
	close(s.ended)
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	s.ended = make(chan struct{})
}

func wantFile(t *testing.T, path string, want []byte) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s has %d bytes (%v), want these %d", path, len(got), err, len(want))
	}
}

func TestFileIsOfferedAcceptedAndThere(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	events := bob.Subscribe(t.Context(), api.TypeFile)
	content := noise(3*transfer.ChunkSize + 17)
	sent := c.offer(alice, "bob", c.write("photo.jpg", content))
	offered := (<-events).(api.FileEvent).Transfer
	if offered.ID != sent.ID || offered.State != api.TransferOffered || offered.Name != "photo.jpg" ||
		offered.Size != int64(len(content)) || offered.Peer != "alice" || offered.Outgoing || offered.Path != "" {
		t.Errorf("offered is %+v", offered)
	}
	c.decide(bob, sent.ID, api.FileAccept)
	done := c.awaitTransfer(bob, sent.ID, api.TransferDone)
	wantFile(t, done.Path, content)
	if filepath.Dir(done.Path) != filepath.Join(bob.config.StateDir, "downloads") {
		t.Errorf("it is at %s", done.Path)
	}
	if sent = c.awaitTransfer(alice, sent.ID, api.TransferDone); sent.Moved != sent.Size {
		t.Errorf("alice's row is %+v", sent)
	}
	last := offered.State
	for !last.Final() {
		last = (<-events).(api.FileEvent).State
	}
	if last != api.TransferDone {
		t.Errorf("the last that bob was told is %s", last)
	}
}

func TestFolderArrivesByPolicy(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.knows(bob, "alice")
	c.policy(bob, "alice", api.PolicyAuto)
	dir := filepath.Join(t.TempDir(), "album")
	for name, size := range map[string]int{"a/1": 10, "a/2": transfer.ChunkSize + 1, "empty": 0} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, noise(size), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	sent := c.offer(alice, "bob", dir)
	done := c.awaitTransfer(bob, sent.ID, api.TransferDone)
	wantFile(t, filepath.Join(done.Path, "a", "2"), noise(transfer.ChunkSize+1))
	wantFile(t, filepath.Join(done.Path, "empty"), nil)
}

func TestSeveralFilesAtOnceKeepTheirNames(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.knows(bob, "alice")
	c.policy(bob, "alice", api.PolicyAuto)
	sizes := map[string]int{} // by id
	for i := range maxFetches + 3 {
		size := transfer.ChunkSize + i
		sizes[c.offer(alice, "bob", c.write("same.bin", noise(size))).ID] = size
	}
	paths := map[string]bool{}
	for id, size := range sizes {
		done := c.awaitTransfer(bob, id, api.TransferDone)
		wantFile(t, done.Path, noise(size))
		paths[done.Path] = true
	}
	if len(paths) != len(sizes) {
		t.Errorf("%d files at %d places", len(sizes), len(paths))
	}
}

func TestFileIsDeclined(t *testing.T) {
	for _, policy := range []api.PolicyWord{api.PolicyAsk, api.PolicyNever} {
		t.Run(string(policy), func(t *testing.T) {
			c := newCircle(t)
			alice, bob := c.join("alice"), c.join("bob")
			c.knows(alice, "bob")
			c.knows(bob, "alice")
			c.policy(bob, "alice", policy)
			sent := c.offer(alice, "bob", c.write("a", noise(10)))
			if policy == api.PolicyAsk {
				c.awaitTransfer(bob, sent.ID, api.TransferOffered)
				c.decide(bob, sent.ID, api.FileDecline)
			}
			c.awaitTransfer(alice, sent.ID, api.TransferDeclined)
			c.awaitTransfer(bob, sent.ID, api.TransferDeclined)
			_, err := bob.DecideFile(t.Context(), api.FileDecision{ID: sent.ID, Verb: api.FileAccept})
			if failure, ok := errors.AsType[*api.Error](err); !ok || failure.Code != api.CodeTransferState {
				t.Errorf("accepted afterwards: %v", err)
			}
		})
	}
}

func TestFileIsCancelledByEitherSide(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	for _, by := range []*Daemon{alice, bob} {
		sent := c.offer(alice, "bob", c.write("a", noise(10)))
		c.awaitTransfer(bob, sent.ID, api.TransferOffered)
		c.decide(by, sent.ID, api.FileCancel)
		c.decide(by, sent.ID, api.FileCancel) // again changes nothing
		c.awaitTransfer(alice, sent.ID, api.TransferCancelled)
		c.awaitTransfer(bob, sent.ID, api.TransferCancelled)
	}
}

func TestOfferWaitsForAnOfflinePeer(t *testing.T) {
	c := newCircle(t)
	alice, dir := c.join("alice"), t.TempDir()
	bob := c.joinAt("bob", dir)
	c.knows(alice, "bob")
	c.knows(bob, "alice")
	c.policy(bob, "alice", api.PolicyAuto)
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	content := noise(transfer.ChunkSize + 1)
	sent := c.offer(alice, "bob", c.write("a", content))
	if sent.State != api.TransferQueued {
		t.Errorf("state is %s, want queued", sent.State)
	}
	bob = c.joinAt("bob", dir)
	wantFile(t, c.awaitTransfer(bob, sent.ID, api.TransferDone).Path, content)
}

func TestChangedFileFailsOnBothSides(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	for name, content := range map[string][]byte{
		"another length":       noise(3 * transfer.ChunkSize),
		"another content only": make([]byte, 2*transfer.ChunkSize),
	} {
		path := c.write("a", noise(2*transfer.ChunkSize))
		sent := c.offer(alice, "bob", path)
		c.awaitTransfer(bob, sent.ID, api.TransferOffered)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		c.decide(bob, sent.ID, api.FileAccept)
		for _, d := range []*Daemon{alice, bob} {
			if row := c.awaitTransfer(d, sent.ID, api.TransferFailed); row.Reason != api.ReasonChanged {
				t.Errorf("%s: reason is %q", name, row.Reason)
			}
		}
	}
}

// TestT25DiskReserve has bob's disk be full when the offer comes, then free until the
// transfer is under way, then full again, then free.
func TestT25DiskReserve(t *testing.T) {
	c := newCircle(t)
	alice, dir := c.join("alice"), t.TempDir()
	bobWith := func(reserve int64) *Daemon {
		t.Helper()
		bob, err := Start(Config{
			StateDir: dir, Listen: "127.0.0.1:0", Name: "bob", Invite: &c.invite, Logger: testLogger(t, "bob"), DiskReserve: reserve,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { bob.Close() })
		return bob
	}
	bob := bobWith(math.MaxInt64)
	if err := bob.AwaitOnline(c.guard()); err != nil {
		t.Fatal(err)
	}
	c.knows(alice, "bob")
	content := noise(10)
	sent := c.offer(alice, "bob", c.write("a", content))
	c.awaitTransfer(bob, sent.ID, api.TransferOffered)
	_, err := bob.DecideFile(t.Context(), api.FileDecision{ID: sent.ID, Verb: api.FileAccept})
	if failure, ok := errors.AsType[*api.Error](err); !ok || failure.Code != api.CodeNoSpace {
		t.Errorf("accepted on a full disk: %v", err)
	}
	alice.Close()
	bob.Close()

	bob = bobWith(0)
	c.decide(bob, sent.ID, api.FileAccept)
	bob.Close()
	bob = bobWith(math.MaxInt64)
	c.joinAt("alice", alice.config.StateDir)
	if row := c.awaitTransfer(bob, sent.ID, api.TransferPaused); row.Reason != api.ReasonNoSpace {
		t.Errorf("reason is %q", row.Reason)
	}
	bob.Close()
	bob = bobWith(0)
	wantFile(t, c.awaitTransfer(bob, sent.ID, api.TransferDone).Path, content)
}

func TestT25StrangersOfferIsNotServed(t *testing.T) {
	c := newCircle(t)
	alice, bob, carol := c.join("alice"), c.join("bob"), c.join("carol")
	c.knows(alice, "bob")
	c.knows(carol, "alice")
	sent := c.offer(alice, "bob", c.write("secret", noise(10)))
	c.awaitTransfer(bob, sent.ID, api.TransferOffered)
	id, err := wire.ParseMessageID(sent.ID)
	if err != nil {
		t.Fatal(err)
	}
	session, err := carol.connectedSession(c.guard(), alice.Key())
	if err != nil {
		t.Fatal(err)
	}
	connection, err := session.dialBulk(c.guard())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.CloseWithError(codeClosed, "")
	stream, err := openFetch(c.guard(), connection, wire.FileFetch{Offer: id, Manifest: true})
	if err != nil {
		t.Fatal(err)
	}
	n, err := stream.Read(make([]byte, 1))
	if _, refused := errors.AsType[*fetchFailure](sourceError(err)); n > 0 || !refused {
		t.Errorf("carol got %d bytes of what bob was offered: %v", n, err)
	}
}

// TestMessageOvertakesAFile sends a message while a file fills all that may be on its way.
func TestMessageOvertakesAFile(t *testing.T) {
	c := newCircle(t)
	s := c.sluice()
	defer s.open()
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.knows(bob, "alice")
	c.policy(bob, "alice", api.PolicyAuto)
	s.let(16)
	file := c.offer(alice, "bob", c.write("large", make([]byte, 64*transfer.ChunkSize)))
	c.awaitTransfer(bob, file.ID, api.TransferRunning)
	c.send(alice, "bob", "meanwhile")
	s.open()
	c.awaitTransfer(bob, file.ID, api.TransferDone)
}

// TestFileGoesOnWhereItWas ends either daemon in the middle of a file.
func TestFileGoesOnWhereItWas(t *testing.T) {
	c := newCircle(t)
	s := c.sluice()
	defer s.open()
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.knows(bob, "alice")
	c.policy(bob, "alice", api.PolicyAuto)
	content := noise(64 * transfer.ChunkSize)
	const some = 24 // passes: for less than half of it, and more than 16 chunks
	s.let(some)
	sent := c.offer(alice, "bob", c.write("large", content))
	moved := func(d *Daemon, least int64) {
		t.Helper()
		var row api.Transfer
		c.await("the file is moving", func() bool {
			rows, err := d.Transfers(c.guard())
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) == 1 {
				row = rows[0]
			}
			return row.Moved >= least
		})
	}
	moved(bob, 16*transfer.ChunkSize)
	s.end(t, bob)
	var before int64
	c.await("what alice has sent is written down", func() bool { // it counts for nothing while it is being written
		rows, err := alice.Transfers(c.guard())
		if err != nil {
			t.Fatal(err)
		}
		before = rows[0].Moved
		return before > 0
	})
	events := alice.Subscribe(c.guard(), api.TypeFile)
	s.let(some)
	bob = c.joinAt("bob", bob.config.StateDir)
	had := int64(-1)
	for event := range events {
		// The first thing that a recipient who is back says is how much it has.
		if row := event.(api.FileEvent); row.State == api.TransferRunning && row.Moved <= before {
			had = row.Moved
			break
		}
	}
	if had < 16*transfer.ChunkSize {
		t.Errorf("bob came back with %d bytes of at least %d", had, 16*transfer.ChunkSize)
	}
	moved(bob, had+16*transfer.ChunkSize)
	if err := alice.Close(); err != nil {
		t.Fatal(err)
	}
	alice = c.joinAt("alice", alice.config.StateDir)
	s.open()
	done := c.awaitTransfer(bob, sent.ID, api.TransferDone)
	wantFile(t, done.Path, content)
	c.awaitTransfer(alice, sent.ID, api.TransferDone)
}
