//go:build unix

package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"peerd/internal/exitcode"
)

// command runs a command line in this process.
func command(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, stdio{in: strings.NewReader(""), out: &stdout, err: &stderr})
	return code, stdout.String(), stderr.String()
}

// stateOf makes a state directory with a key and a store in it.
func stateOf(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	// It fails for want of a circle, once there is all that a daemon makes first.
	code, _, errs := command(t, "run", "--state", dir, "--listen", "127.0.0.1:0", "--port-mapping", "off")
	if code == exitcode.OK || !strings.Contains(errs, "join") {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	return dir
}

// TestT16AllThatIsMadeIsPrivateUnderAnyUmask looks at every file and directory that
// running, backing up and restoring make.
func TestT16AllThatIsMadeIsPrivateUnderAnyUmask(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	state, dir := stateOf(t), t.TempDir()
	file, restored := filepath.Join(dir, "backup"), filepath.Join(dir, "restored")
	for _, args := range [][]string{{"backup", file, "--state", state}, {"restore", file, "--state", restored}} {
		if code, _, errs := command(t, args...); code != exitcode.OK {
			t.Fatalf("%q: exit code %d: %s", args, code, errs)
		}
	}
	found := 0
	for _, made := range []string{state, file, restored} {
		err := filepath.WalkDir(made, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := entry.Info()
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s has mode %v", path, info.Mode())
			}
			found++
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	if found < 8 {
		t.Errorf("only %d files and directories were there to look at", found)
	}
}

// TestT25BackupDoesNotFollowALink backs up to where somebody has put a link to another
// file: the backup takes the link's place.
func TestT25BackupDoesNotFollowALink(t *testing.T) {
	state, dir := stateOf(t), t.TempDir()
	precious, file := filepath.Join(dir, "precious"), filepath.Join(dir, "backup")
	if err := errors.Join(os.WriteFile(precious, []byte("precious"), 0o644), os.Symlink(precious, file)); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := command(t, "backup", file, "--state", state); code != exitcode.OK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	if content, err := os.ReadFile(precious); err != nil || string(content) != "precious" {
		t.Errorf("the file behind the link has %d bytes (%v)", len(content), err)
	}
	if info, err := os.Lstat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("the backup has mode %v (%v)", info.Mode(), err)
	}
}

// TestT16OutputsThatOthersChoseAreRefused gives each option that names a place to write
// to a link, or a directory, of another user's.
func TestT16OutputsThatOthersChoseAreRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	const stranger = 65534
	state, dir := stateOf(t), t.TempDir()
	file := filepath.Join(dir, "backup")
	if code, _, errs := command(t, "backup", file, "--state", state); code != exitcode.OK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	theirs, link, target := filepath.Join(dir, "theirs"), filepath.Join(dir, "link"), filepath.Join(dir, "target")
	if err := errors.Join(
		os.Mkdir(theirs, 0o755), os.Chown(theirs, stranger, stranger),
		os.Mkdir(target, 0o700), os.Symlink(target, link), os.Lchown(link, stranger, stranger),
	); err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{theirs, link} {
		for _, args := range [][]string{
			{"run", "--state", place, "--listen", "127.0.0.1:0"},
			{"run", "--state", state, "--socket", filepath.Join(place, "peerd.sock"), "--listen", "127.0.0.1:0"},
			{"restore", file, "--state", place},
			{"restore", file, "--state", place, "--force"},
		} {
			if place == link && args[2] == state {
				continue // a socket's directory is judged by whose it is, wherever it is
			}
			code, _, errs := command(t, args...)
			if code != exitcode.Denied || !strings.Contains(errs, "another user") {
				t.Errorf("%q: exit code %d: %s", args, code, errs)
			}
		}
	}
	for _, place := range []string{theirs, target} {
		if entries, err := os.ReadDir(place); err != nil || len(entries) > 0 {
			t.Errorf("%s has %v (%v)", place, entries, err)
		}
	}
}
