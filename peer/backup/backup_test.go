package backup

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"peerd/internal/identity"
	"peerd/peer/store"
	"peerd/wire"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// backedUp returns a backup of a state directory with one message to send.
func backedUp(t *testing.T) (archive []byte, key wire.Key) {
	t.Helper()
	dir := t.TempDir()
	self, err := identity.LoadOrCreate(dir)
	check(t, err)
	s, err := store.Open(dir)
	check(t, err)
	defer s.Close()
	_, err = s.Accept(t.Context(), wire.Key{2}, wire.MessageID{1}, "hello", noon)
	check(t, err)
	var w bytes.Buffer
	check(t, Write(t.Context(), &w, s, dir, Manifest{Key: self.Key().String(), Name: "alice", Circle: "home", MadeAt: noon}))
	if _, err := os.Stat(filepath.Join(dir, copyName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the copy is left behind: %v", err)
	}
	return w.Bytes(), self.Key()
}

func restore(t *testing.T, archive []byte, dir string, force bool) (Restored, error) {
	t.Helper()
	return Restore(t.Context(), bytes.NewReader(archive), dir, force, noon)
}

// isAlices fails unless dir is what backedUp has backed up.
func isAlices(t *testing.T, dir string, key wire.Key) {
	t.Helper()
	self, err := identity.LoadOrCreate(dir)
	check(t, err)
	s, err := store.Open(dir)
	check(t, err)
	defer s.Close()
	waiting, err := s.Pending(t.Context(), wire.Key{2}, 0, 10)
	if self.Key() != key || len(waiting) != 1 || waiting[0].Body != "hello" || err != nil {
		t.Errorf("restored %s with %+v, %v", self.Key(), waiting, err)
	}
}

func TestBackupIsRestored(t *testing.T) {
	archive, key := backedUp(t)
	dir := filepath.Join(t.TempDir(), "new")
	restored, err := restore(t, archive, dir, false)
	if err != nil || restored.Name != "alice" || restored.Circle != "home" || !restored.MadeAt.Equal(noon) || restored.SetAside != "" {
		t.Fatalf("restored %+v, %v", restored, err)
	}
	isAlices(t, dir, key)
	for _, name := range []string{identity.FileName, messagesName} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s is %v, %v; want it private", name, info.Mode(), err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, stagingName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("leftovers: %v", err)
	}
}

func TestBackupIsAnOrdinaryArchive(t *testing.T) {
	archive, _ := backedUp(t)
	var names []string
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		head, err := r.Next()
		if err == io.EOF {
			break
		}
		check(t, err)
		names = append(names, head.Name)
		if head.Mode != 0o600 {
			t.Errorf("%s unpacks with mode %o", head.Name, head.Mode)
		}
	}
	if got := strings.Join(names, " "); got != "manifest.json identity.key messages.db" {
		t.Errorf("the archive has %s", got)
	}
}

func TestDirectoryInUseIsLeftAlone(t *testing.T) {
	archive, _ := backedUp(t)
	dir := t.TempDir()
	s, err := store.Open(dir)
	check(t, err)
	defer s.Close()
	for _, force := range []bool{false, true} {
		_, err := restore(t, archive, dir, force)
		if _, inUse := errors.AsType[*store.InUseError](err); !inUse {
			t.Errorf("with force %v: %v, want it in use", force, err)
		}
	}
}

func TestRestoreThatWasKilledIsRecognised(t *testing.T) {
	archive, _ := backedUp(t)
	dir := t.TempDir()
	check(t, os.Mkdir(filepath.Join(dir, stagingName), 0o700))
	if !Interrupted(dir) {
		t.Error("a directory in which a restore was killed passes for a finished one")
	}
	_, err := restore(t, archive, dir, false)
	check(t, err)
	if Interrupted(dir) {
		t.Error("a finished restore passes for one that was killed")
	}
}

func TestWhatIsThereIsSetAsideOnlyWhenAsked(t *testing.T) {
	archive, key := backedUp(t)
	dir := t.TempDir()
	old, err := identity.LoadOrCreate(dir)
	check(t, err)
	check(t, os.WriteFile(filepath.Join(dir, "search.db"), nil, 0o600))
	check(t, os.WriteFile(filepath.Join(dir, "holiday.jpg"), nil, 0o600))
	_, err = restore(t, archive, dir, false)
	if _, occupied := errors.AsType[*NotEmptyError](err); !occupied {
		t.Fatalf("got %v, want that it is not empty", err)
	}
	if still, err := identity.LoadOrCreate(dir); err != nil || still.Key() != old.Key() {
		t.Errorf("the key has changed: %v", err)
	}
	restored, err := restore(t, archive, dir, true)
	check(t, err)
	isAlices(t, dir, key)
	aside, err := identity.LoadOrCreate(restored.SetAside)
	if err != nil || aside.Key() != old.Key() {
		t.Errorf("the old key is not set aside: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "holiday.jpg")); err != nil {
		t.Errorf("a file of the user's was moved: %v", err)
	}
	if _, err := os.Stat(filepath.Join(restored.SetAside, "search.db")); err != nil {
		t.Errorf("the index of other messages is still in use: %v", err)
	}
}

// leftNothing fails unless a state directory is as empty as before.
func leftNothing(t *testing.T, dir string) {
	t.Helper()
	root, err := os.OpenRoot(dir)
	check(t, err)
	defer root.Close()
	if left, err := contents(root); len(left) > 0 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestWhatIsNoBackupChangesNothing(t *testing.T) {
	whole, _ := backedUp(t)
	spoilt := func(change func([]byte) []byte) []byte { return change(bytes.Clone(whole)) }
	for name, archive := range map[string][]byte{
		"nothing":              {},
		"text":                 []byte("Dear diary,\n"),
		"the first half":       whole[:len(whole)/2],
		"a manifest alone":     whole[:1536],
		"another format":       spoilt(func(b []byte) []byte { return bytes.Replace(b, []byte(`"format": 1`), []byte(`"format": 9`), 1) }),
		"a bit flipped at end": spoilt(func(b []byte) []byte { b[len(b)-3000] ^= 1; return b }),
		"another key":          spoilt(func(b []byte) []byte { return bytes.Replace(b, []byte(`"key": "`), []byte(`"key":"x`), 1) }),
		"other parts":          spoilt(func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("identity.key"), []byte("../../../key")) }),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if _, err := restore(t, archive, dir, false); !errors.Is(err, ErrNotABackup) {
				t.Errorf("got %v, want ErrNotABackup", err)
			}
			leftNothing(t, dir)
		})
	}
}

func TestT21BackupSaysThatItIsASecret(t *testing.T) {
	archive, _ := backedUp(t)
	files := tar.NewReader(bytes.NewReader(archive))
	first, err := files.Next()
	check(t, err)
	text, err := io.ReadAll(files)
	check(t, err)
	if first.Name != manifestName || !bytes.Contains(text, []byte("SECRET")) || first.Mode != 0o600 {
		t.Errorf("the backup begins with %s (mode %o): %s", first.Name, first.Mode, text)
	}
}
