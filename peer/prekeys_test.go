package peer

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"peerd/internal/identity"
	"peerd/peer/seal"
	"peerd/peer/store"
	"peerd/wire"
)

// loneDaemon is as much of a daemon as keeps prekeys, without a network.
func loneDaemon(t *testing.T, dir string) *Daemon {
	t.Helper()
	opened, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	self, err := identity.LoadOrCreate(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		cancel()
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return &Daemon{config: Config{StateDir: dir}, ctx: ctx, cancel: cancel, log: zerolog.Nop(), self: self, store: opened}
}

// privateHalf returns the secret half of a daemon's newest prekey.
func privateHalf(t *testing.T, d *Daemon) []byte {
	t.Helper()
	newest, err := d.store.NewestPrekey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(newest.Private.Reveal())
}

// filesWith returns the files below dir that hold secret.
func filesWith(t *testing.T, dir string, secret []byte) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && !entry.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed just now
		}
		if bytes.Contains(content, secret) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestT24PrekeysAreDeletedWhileTheDaemonRunsForWeeks lets a daemon run for nine
// days and never log in: each day has a prekey of its own, and a week later nothing on
// the disk has its private half.
func TestT24PrekeysAreDeletedWhileTheDaemonRunsForWeeks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		d := loneDaemon(t, dir)
		d.group.Go(d.keepPrekeys)
		var drawn [][]byte
		for day := range 9 {
			time.Sleep(time.Minute)
			synctest.Wait()
			half := privateHalf(t, d)
			if slices.ContainsFunc(drawn, func(old []byte) bool { return bytes.Equal(old, half) }) {
				t.Fatalf("on day %d the prekey is an old one", day)
			}
			if drawn = append(drawn, half); len(filesWith(t, dir, half)) == 0 {
				t.Fatalf("on day %d the private half cannot be seen on the disk", day)
			}
			time.Sleep(prekeyRotation - time.Minute)
			time.Sleep(prekeyCheck)
			synctest.Wait()
			for age, half := range slices.Backward(drawn) {
				kept := len(drawn)-age <= int(prekeyRetention/prekeyRotation)-1
				if found := filesWith(t, dir, half); kept != (len(found) > 0) {
					t.Errorf("day %d: the prekey of day %d is in %q, should be kept: %v", day, age, found, kept)
				}
			}
		}
		d.cancel()
		d.group.Wait()
	})
}

// A machine that sleeps counts no time awake; what is overdue goes at the first
// look after it.
func TestT24PrekeyThatIsOverdueGoesAtTheFirstLook(t *testing.T) {
	dir := t.TempDir()
	d := loneDaemon(t, dir)
	now := time.Now()
	if err := d.renewPrekeys(now); err != nil {
		t.Fatal(err)
	}
	old := privateHalf(t, d)
	if err := d.renewPrekeys(now.Add(prekeyRetention + time.Second)); err != nil {
		t.Fatal(err)
	}
	if found := filesWith(t, dir, old); len(found) > 0 || bytes.Equal(old, privateHalf(t, d)) {
		t.Errorf("after a long sleep the old prekey is in %q", found)
	}
}

// TestT24RunningDaemonPublishesItsNextPrekey proves that peers seal to the new
// prekey without a new login.
func TestT24RunningDaemonPublishesItsNextPrekey(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	before, _ := alice.rosterRow(bob.Key())
	if err := bob.renewPrekeys(time.Now()); err != nil {
		t.Fatal(err)
	}
	if row, _ := alice.rosterRow(bob.Key()); row.Prekey != before.Prekey {
		t.Error("a prekey that is not due was replaced")
	}
	if err := bob.renewPrekeys(time.Now().Add(prekeyRotation)); err != nil {
		t.Fatal(err)
	}
	c.await("alice's roster has the next prekey", func() bool {
		row, _ := alice.rosterRow(bob.Key())
		return row.Prekey != before.Prekey && seal.VerifyPrekey(bob.Key(), row.Prekey)
	})
	c.send(alice, "bob", "sealed to the next one")
}

// TestT24RecordingAndBothStatesOpenNothingOlder records what alice seals for bob,
// steals both state directories once the prekey is forgotten, and tries every key
// that is in them.
func TestT24RecordingAndBothStatesOpenNothingOlder(t *testing.T) {
	c := newCircle(t)
	aliceDir, bobDir := t.TempDir(), t.TempDir()
	alice, bob := c.joinAt("alice", aliceDir), c.joinAt("bob", bobDir)
	c.knows(alice, "bob")
	words := wire.Text{ID: wire.NewMessageID(time.Now(), [10]byte{1}), Seq: 1, SentAt: time.Now(), Body: "canary, sealed and recorded"}
	recorded, err := alice.sealFor(bob.Key(), words)
	if err != nil {
		t.Fatal(err)
	}
	id, err := seal.PrekeyID(recorded)
	if err != nil {
		t.Fatal(err)
	}
	if !opens(steal(t, id, aliceDir, bobDir), alice.Key(), bob.Key(), recorded) {
		t.Fatal("who steals the state within the retention cannot open the recording: the attack proves nothing")
	}
	old := privateHalf(t, bob)
	later := time.Now().Add(prekeyRetention + time.Second)
	c.await("what was deleted is off the disk, at the first look at which nobody reads it", func() bool {
		if err := bob.renewPrekeys(later); err != nil {
			t.Fatal(err)
		}
		return len(filesWith(t, bobDir, old)) == 0
	})
	if opens(steal(t, id, aliceDir, bobDir), alice.Key(), bob.Key(), recorded) {
		t.Error("the recording was opened with what was stolen after the retention")
	}
	var archive bytes.Buffer
	if err := bob.Backup(t.Context(), &archive); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{aliceDir, bobDir} {
		if found := filesWith(t, dir, old); len(found) > 0 {
			t.Errorf("the private half is in %q", found)
		}
	}
	if bytes.Contains(archive.Bytes(), old) || bytes.Contains(archive.Bytes(), privateHalf(t, bob)) {
		t.Error("a backup has the private half of a prekey")
	}
}

// steal copies the state directories of running daemons, as a thief would, and
// returns every key in them that might open an envelope for the prekey with this id:
// prekeys, and the identities in the form that key agreement takes.
func steal(t *testing.T, id uint64, dirs ...string) (keys [][]byte) {
	t.Helper()
	for _, dir := range dirs {
		copied := filepath.Join(t.TempDir(), "stolen")
		if err := os.CopyFS(copied, regularFiles(t, dir)); err != nil {
			t.Fatal(err)
		}
		opened, err := store.Open(copied)
		if err != nil {
			t.Fatal(err)
		}
		if private, err := opened.Prekey(t.Context(), id); err == nil {
			keys = append(keys, private)
		}
		if newest, err := opened.NewestPrekey(t.Context()); err == nil {
			keys = append(keys, newest.Private.Reveal())
		}
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
		keys = append(keys, agreementKey(t, filepath.Join(copied, identity.FileName)))
	}
	return keys
}

// agreementKey is the X25519 private key of an identity.
func agreementKey(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha512.Sum512(private.(ed25519.PrivateKey).Seed())
	return digest[:32]
}

// regularFiles is a directory without its sockets.
func regularFiles(t *testing.T, dir string) fs.FS {
	t.Helper()
	files := make(fstest.MapFS)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = &fstest.MapFile{Data: content, Mode: 0o600}
	}
	return files
}

// opens reports whether any of the keys opens an envelope.
func opens(keys [][]byte, sender, recipient wire.Key, sealed []byte) bool {
	return slices.ContainsFunc(keys, func(private []byte) bool {
		_, err := seal.Open(recipient, sender, private, sealed)
		return err == nil
	})
}

// TestT24PrekeyWithheldForTooLongIsNotSealedTo has the rendezvous hand out a prekey
// of bob's that bob has forgotten, and somebody else perhaps not.
func TestT24PrekeyWithheldForTooLongIsNotSealedTo(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	for name, test := range map[string]struct {
		id     uint64
		sealed bool
	}{
		"of today":                 {seal.NewPrekeyID(time.Now()), true},
		"as old as its retention":  {seal.NewPrekeyID(time.Now().Add(-prekeyRetention)), true},
		"older than that":          {seal.NewPrekeyID(time.Now().Add(-prekeyStale - time.Minute)), false},
		"of an older program":      {5, true},
		"by a clock that is ahead": {seal.NewPrekeyID(time.Now().AddDate(10, 0, 0)), true},
	} {
		t.Run(name, func(t *testing.T) {
			row, _ := alice.rosterRow(bob.Key())
			var err error
			if row.Prekey, _, err = seal.NewPrekey(bob.self, test.id); err != nil {
				t.Fatal(err)
			}
			c.changeRow(alice, row)
			if _, err := alice.sealFor(bob.Key(), wire.Pong{}); (err == nil) != test.sealed {
				t.Errorf("sealing ended with %v, want sealed: %t", err, test.sealed)
			}
		})
	}
	c.send(alice, "bob", "delivered either way")
}

// A backup that dies with its daemon leaves a copy from which the prekeys have not been
// taken yet.
func TestT24CopyOfABackupThatDiedGoesWithTheNextStart(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	half := []byte("canary: 32 bytes of private key.")
	for _, name := range []string{"backup-copy.db", "backup-copy.db-journal"} {
		if err := os.WriteFile(filepath.Join(dir, name), half, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.joinAt("alice", dir)
	c.await("what the backup left is gone", func() bool { return len(filesWith(t, dir, half)) == 0 })
}
