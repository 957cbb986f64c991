package privatesocket

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestT16OnlyTheOwnerCanOpenIt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no permission bits")
	}
	path := filepath.Join(t.TempDir(), "sock")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v (%v), want 0600", info.Mode(), err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("left %d entries in the directory (%v), want the socket alone", len(entries), err)
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("the owner cannot open it: %v", err)
	}
	conn.Close()
}

func TestClosingRemovesOnlyOurOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sock")
	first, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the successor's socket is gone: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("our own socket is still there: %v", err)
	}
}

func TestTooLongPathIsNamedAsSuch(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("x", 120))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Listen(filepath.Join(dir, "sock"))
	if !errors.Is(err, ErrPathTooLong) {
		t.Errorf("listening ended with %v, want ErrPathTooLong", err)
	}
}
