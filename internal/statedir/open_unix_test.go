//go:build unix

package statedir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// stranger is a user who is neither root nor any that runs tests.
const stranger = 65534

func mustRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files to another user")
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func TestT16NewStateDirectoryIsClosedUnderAnyUmask(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "state")
	old := syscall.Umask(0)
	root, err := Open(dir)
	syscall.Umask(old)
	must(t, err)
	defer root.Close()
	for _, made := range []string{dir, filepath.Dir(dir)} {
		if info, err := os.Stat(made); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %v (%v), want 0700", made, info.Mode(), err)
		}
	}
}

// TestT16StateDirectoryOfOthersIsRefused has another user of the machine prepare the
// place where we are going to keep our key.
func TestT16StateDirectoryOfOthersIsRefused(t *testing.T) {
	for _, row := range []struct {
		proves         string
		byRoot         bool // only root can prepare it
		prepare        func(dir, elsewhere string) error
		cause, follows string // what the error says; what must not be made
	}{
		{"the group may write", false, func(dir, _ string) error { return errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, 0o770)) }, "others can write", ""},
		{"anybody may write", false, func(dir, _ string) error { return errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, 0o777)) }, "others can write", ""},
		{"anybody may write, sticky", false, func(dir, _ string) error {
			return errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, 0o777|fs.ModeSticky))
		}, "others can write", ""},
		{"it is somebody else's", true, func(dir, _ string) error {
			return errors.Join(os.Mkdir(dir, 0o700), os.Chown(dir, stranger, stranger))
		}, "belongs to another user", ""},
		{"somebody else's link leads to a directory of ours", true, func(dir, elsewhere string) error {
			return errors.Join(os.Mkdir(elsewhere, 0o700), os.Symlink(elsewhere, dir), os.Lchown(dir, stranger, stranger))
		}, "link of another user's", ""},
		{"somebody else's link leads to nothing yet", true, func(dir, elsewhere string) error {
			return errors.Join(os.Symlink(elsewhere, dir), os.Lchown(dir, stranger, stranger))
		}, "link of another user's", "elsewhere"},
	} {
		t.Run(row.proves, func(t *testing.T) {
			if row.byRoot {
				mustRoot(t)
			}
			above := t.TempDir()
			dir, elsewhere := filepath.Join(above, "state"), filepath.Join(above, "elsewhere")
			must(t, row.prepare(dir, elsewhere))
			root, err := Open(dir)
			if err == nil {
				root.Close()
			}
			unsafe, ok := errors.AsType[*UnsafeError](err)
			if !ok || !strings.Contains(unsafe.Cause, row.cause) || unsafe.Remedy == "" {
				t.Errorf("got %v, want that it %s, and what to do", err, row.cause)
			}
			if row.follows != "" {
				if _, err := os.Lstat(elsewhere); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("the link was followed: %v", err)
				}
			}
		})
	}
}

// TestT16OwnLinkToTheStateDirectoryIsFollowed is how systemd's DynamicUser lays it out.
func TestT16OwnLinkToTheStateDirectoryIsFollowed(t *testing.T) {
	above := t.TempDir()
	dir := filepath.Join(above, "state")
	must(t, os.Mkdir(filepath.Join(above, "private"), 0o700), os.Symlink("private", dir))
	root, err := Open(dir)
	must(t, err)
	must(t, root.Close())
}

// TestT16PlantedLinkLeadsNowhere reaches for a file through every kind of link that
// has led out of a root, in os.Root (CVE-2026-39822) or in programs without one.
func TestT16PlantedLinkLeadsNowhere(t *testing.T) {
	above := t.TempDir()
	dir, victim := filepath.Join(above, "state"), filepath.Join(above, "victim")
	root, err := Open(dir)
	must(t, err, os.Mkdir(victim, 0o700), os.WriteFile(filepath.Join(victim, "file"), []byte("precious"), 0o600))
	defer root.Close()
	links := map[string]string{
		"absolute": victim, "up": "../victim", "chain": "up", "dots": "./x/../../victim", "slash": "../victim/",
	}
	must(t, os.Mkdir(filepath.Join(dir, "x"), 0o700))
	for name, to := range links {
		must(t, os.Symlink(to, filepath.Join(dir, name)), os.Symlink(to+"/file", filepath.Join(dir, name+"-file")))
	}
	var paths []string
	for name := range links {
		paths = append(paths, name+"/file", name+"-file", name+"/", name+"-file/", name+"/../victim/file")
	}
	for _, path := range paths {
		file, err := root.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
		if err == nil {
			file.Close()
			t.Errorf("%s was opened", path)
		}
		if sub, err := root.OpenRoot(path); err == nil {
			sub.Close()
			t.Errorf("%s was opened as a root", path)
		}
		_ = root.MkdirAll(path+"/new", 0o700)
	}
	for _, path := range paths {
		_ = root.RemoveAll(path) // may remove a link, never what it leads to
	}
	entries, err := os.ReadDir(victim)
	if content, err := os.ReadFile(filepath.Join(victim, "file")); err != nil || string(content) != "precious" {
		t.Errorf("the file outside is %q (%v)", content, err)
	}
	if err != nil || len(entries) != 1 {
		t.Errorf("outside there are %d entries (%v), want the one file", len(entries), err)
	}
}
