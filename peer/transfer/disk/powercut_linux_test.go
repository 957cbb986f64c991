package disk

import (
	"path/filepath"
	"testing"

	"peerd/internal/chaos/powercut"
)

func mount(t *testing.T) (disk *powercut.Disk, dir string) {
	t.Helper()
	dir = t.TempDir()
	disk, err := powercut.Mount(dir, 1)
	if err != nil {
		t.Fatalf("%v: run as root, or let everybody open /dev/fuse", err)
	}
	t.Cleanup(func() {
		if err := disk.Close(); err != nil {
			t.Error(err)
		}
	})
	return disk, dir
}

func cut(t *testing.T, disk *powercut.Disk) {
	t.Helper()
	if err := disk.Cut(0); err != nil {
		t.Fatal(err)
	}
}

func TestFirstFileThatIsDoneSurvivesAPowerCut(t *testing.T) {
	offered := filepath.Join(t.TempDir(), "photo.jpg")
	write(t, offered, noise(1000))
	s := scan(t, offered)
	disk, dir := mount(t)
	target, err := OpenTarget(filepath.Join(dir, "downloads"), testID, false, s.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	if err := target.Write(0, noise(1000)); err != nil {
		t.Fatal(err)
	}
	path, err := target.Finish(s.Name, func(string) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := target.Close(); err != nil {
		t.Fatal(err)
	}
	cut(t, disk)
	wantContent(t, path, noise(1000))
}

func TestFirstManifestThatIsKeptSurvivesAPowerCut(t *testing.T) {
	disk, dir := mount(t)
	if err := KeepManifest(dir, testID, []byte("what was offered")); err != nil {
		t.Fatal(err)
	}
	cut(t, disk)
	if kept, err := ReadManifest(dir, testID); err != nil || string(kept) != "what was offered" {
		t.Errorf("kept %q, %v", kept, err)
	}
}
