package peer

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"peerd/internal/identity"
)

// To its contacts a member with another key would be somebody else who has taken its
// name, and neither side would be told what had happened.
func TestLostKeyIsNotReplacedOnceAPeerIsAMember(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	alice := c.joinAt("alice", dir)
	if err := alice.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, identity.FileName)
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first refusal leaves nothing behind
		if _, err := Start(Config{StateDir: dir, Listen: "127.0.0.1:0"}); !errors.Is(err, ErrKeyLost) {
			t.Errorf("started with %v, want ErrKeyLost", err)
		}
		if err := BackUp(t.Context(), new(bytes.Buffer), dir); !errors.Is(err, ErrKeyLost) {
			t.Errorf("backed up with %v, want ErrKeyLost", err)
		}
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	if again := c.joinAt("", dir); again.Key() != alice.Key() {
		t.Errorf("with its key back it is %s, was %s", again.Key(), alice.Key())
	}
}

// What was there may be set aside, and what is restored not be in its place yet.
func TestInterruptedRestoreIsNotFollowedByANewKey(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "restoring"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(Config{StateDir: dir, Listen: "127.0.0.1:0"}); !errors.Is(err, ErrKeyLost) {
		t.Errorf("started with %v, want ErrKeyLost", err)
	}
	if _, err := os.Stat(filepath.Join(dir, identity.FileName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a new key was drawn: %v", err)
	}
}
