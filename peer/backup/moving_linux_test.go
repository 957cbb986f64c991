package backup

import (
	"os"
	"path/filepath"
	"testing"

	"peerd/internal/chaos/powercut"
	"peerd/internal/identity"
	"peerd/internal/statedir"
)

// write writes a file that survives a power cut, once its directory is synced.
func write(t *testing.T, path, content string) {
	t.Helper()
	file, err := os.Create(path)
	check(t, err)
	_, err = file.WriteString(content)
	check(t, err)
	check(t, file.Sync())
	check(t, file.Close())
}

func isFile(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s has %q (%v), want %q", filepath.Base(path), got, err, want)
	}
}

func TestRestoredAndSetAsideSurviveAPowerCut(t *testing.T) {
	dir := t.TempDir()
	disk, err := powercut.Mount(dir, 1)
	check(t, err)
	t.Cleanup(func() { check(t, disk.Close()) })
	staging := filepath.Join(dir, stagingName)
	check(t, os.Mkdir(staging, 0o700))
	write(t, filepath.Join(dir, identity.FileName), "the old key")
	write(t, filepath.Join(staging, identity.FileName), "the new key")
	write(t, filepath.Join(staging, messagesName), "messages")
	check(t, statedir.Sync(staging))
	check(t, statedir.Sync(dir))

	root, err := os.OpenRoot(dir)
	check(t, err)
	aside, err := setAside(root, []string{identity.FileName}, noon)
	check(t, err)
	check(t, moveIn(root))
	check(t, root.Close())
	check(t, disk.Cut(0))
	isFile(t, filepath.Join(aside, identity.FileName), "the old key")
	isFile(t, filepath.Join(dir, identity.FileName), "the new key")
	isFile(t, filepath.Join(dir, messagesName), "messages")
}

// A start with the key alone would give numbers again that the backup has used.
func TestKeyIsNotThereBeforeItsMessages(t *testing.T) {
	dir := t.TempDir()
	check(t, os.Mkdir(filepath.Join(dir, stagingName), 0o700))
	write(t, filepath.Join(dir, stagingName, identity.FileName), "the key")
	root, err := os.OpenRoot(dir)
	check(t, err)
	defer root.Close()
	if err := moveIn(root); err == nil {
		t.Fatal("messages that are not there were moved")
	}
	if _, err := root.Stat(identity.FileName); err == nil {
		t.Error("the key is in its place and the messages are not")
	}
}
