//go:build unix

package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"peerd/internal/statedir"
	"peerd/peer/transfer"
)

// TestT25NothingArrivesExecutable: a name or a click is not to run what a peer sent.
func TestT25NothingArrivesExecutable(t *testing.T) {
	from, downloads := t.TempDir(), t.TempDir()
	write(t, filepath.Join(from, "d", "run.sh"), []byte("#!/bin/sh"))
	if err := os.Chmod(filepath.Join(from, "d", "run.sh"), 0o777|fs.ModeSetuid|fs.ModeSetgid); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(from, "d"), filepath.Join(from, "d", "run.sh")} {
		s := scan(t, path)
		target := open(t, downloads, s.Folder, s.Manifest)
		move(t, s, target, 0)
		arrived := finish(t, target, s.Name)
		if s.Folder {
			arrived = filepath.Join(arrived, "run.sh")
		}
		if info, err := os.Stat(arrived); err != nil || info.Mode()&^0o666 != 0 {
			t.Errorf("%s arrived with mode %v (%v)", path, info.Mode(), err)
		}
		if err := Discard(downloads, testID); err != nil {
			t.Fatal(err)
		}
	}
}

// TestT25FolderOfHostileNamesStaysInside has a manifest with every name that is in
// order as a path, and that some system takes for something else.
func TestT25FolderOfHostileNamesStaysInside(t *testing.T) {
	above := t.TempDir()
	downloads := filepath.Join(above, "downloads")
	var entries []transfer.Entry
	path := ""
	for range 60 { // as deep as may be
		path += "d"
		entries = append(entries, transfer.Entry{Path: path, Folder: true})
		path += "/"
	}
	entries = append(entries, transfer.Entry{Path: path + "leaf"})
	hostile := []string{
		`..\evil`, "C:evil", "CON", "NUL.txt", "a.", "a ", "a:b", "A:B", "caf\u00e9", "cafe\u0301", "CAF\u00c9", "evil\x1b[2J", "\u202eexe.txt",
		strings.Repeat("x", 255), strings.Repeat("漢", 85), ".bashrc", "~", "$HOME", "-rf",
	}
	for _, name := range hostile {
		entries = append(entries, transfer.Entry{Path: name})
	}
	manifest := sorted(t, entries)
	target := open(t, downloads, true, manifest)
	folder := finish(t, target, "../../folder")
	if filepath.Dir(folder) != downloads {
		t.Errorf("the folder went to %s", folder)
	}
	if got, err := os.ReadDir(folder); err != nil || len(got) != len(hostile)+1 {
		t.Errorf("it has %d entries (%v), want %d: %v", len(got), err, len(hostile)+1, got)
	}
	if _, err := os.Stat(filepath.Join(folder, strings.Repeat("d/", 60), "leaf")); err != nil {
		t.Error(err)
	}
	if got := names(t, above); len(got) != 1 {
		t.Errorf("beside the download folder: %q", got)
	}
}

// sorted makes a manifest of entries without content, in whatever order they are.
func sorted(t *testing.T, entries []transfer.Entry) *transfer.Manifest {
	t.Helper()
	order := func(e transfer.Entry) string { return strings.ReplaceAll(e.Path, "/", "\x00") }
	slices.SortFunc(entries, func(a, b transfer.Entry) int { return strings.Compare(order(a), order(b)) })
	manifest, err := transfer.New(entries)
	if err != nil {
		t.Fatal(err)
	}
	return manifest
}

// TestT25LinksPlantedWhileFilesArriveLeadNowhere has another user, who may write to the
// download folder, put links in the way at every step (CVE-2017-1000420).
func TestT25LinksPlantedWhileFilesArriveLeadNowhere(t *testing.T) {
	plant := map[string]func(downloads, outside string) error{
		"for our folder": func(d, outside string) error { return os.Symlink(outside, filepath.Join(d, incoming)) },
		"for the offer's folder": func(d, outside string) error {
			return errors.Join(os.Mkdir(filepath.Join(d, incoming), 0o777), os.Symlink(outside, filepath.Join(d, incoming, testID)))
		},
		"for the content": func(d, outside string) error {
			return errors.Join(os.MkdirAll(filepath.Join(d, incoming, testID), 0o777),
				os.Symlink(filepath.Join(outside, "f"), filepath.Join(d, incoming, testID, content)))
		},
		"for the file":             func(d, outside string) error { return os.Symlink(filepath.Join(outside, "f"), filepath.Join(d, "f")) },
		"for a file not there yet": func(d, outside string) error { return os.Symlink(filepath.Join(outside, "new"), filepath.Join(d, "f")) },
	}
	for name, plant := range plant {
		t.Run(name, func(t *testing.T) {
			from, downloads, outside := t.TempDir(), t.TempDir(), t.TempDir()
			write(t, filepath.Join(from, "f"), []byte("x"))
			write(t, filepath.Join(outside, "f"), []byte("precious"))
			if err := plant(downloads, outside); err != nil {
				t.Fatal(err)
			}
			s := scan(t, filepath.Join(from, "f"))
			if target, err := OpenTarget(downloads, testID, false, s.Manifest); err == nil {
				if target.Write(0, []byte("x")) == nil {
					target.Finish("f", func(string) error { return nil })
				}
				target.Close()
			}
			_ = Discard(downloads, testID)
			_ = Tidy(downloads, func(string) bool { return false })
			wantContent(t, filepath.Join(outside, "f"), []byte("precious"))
			if got := names(t, outside); len(got) != 1 {
				t.Errorf("outside are %q", got)
			}
		})
	}
}

// TestT25LinkOfAnotherUserIsNotTheDownloadFolder is --downloads /tmp/files, where
// somebody was first; a link of our own is how people lay out their disks.
func TestT25LinkOfAnotherUserIsNotTheDownloadFolder(t *testing.T) {
	above, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "elsewhere")
	link := filepath.Join(above, "downloads")
	if err := errors.Join(os.Mkdir(elsewhere, 0o700), os.Symlink(elsewhere, link), MakeFolder(link)); err != nil {
		t.Fatalf("our own link is refused: %v", err)
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can give a link away")
	}
	if err := os.Lchown(link, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	manifest := sorted(t, []transfer.Entry{{Path: ""}})
	target, err := OpenTarget(link, testID, false, manifest)
	if err == nil {
		target.Close()
	}
	if _, unsafe := errors.AsType[*statedir.UnsafeError](err); !unsafe {
		t.Errorf("got %v, want that it is another user's", err)
	}
	if got := names(t, elsewhere); len(got) > 0 {
		t.Errorf("written there: %q", got)
	}
}
