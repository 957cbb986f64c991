package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"peerd/wire"
)

func loadOrCreate(t *testing.T, dir string) *Identity {
	t.Helper()
	identity, err := LoadOrCreate(dir)
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

func TestIdentitySurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	if first, second := loadOrCreate(t, dir), loadOrCreate(t, dir); first.Key() != second.Key() {
		t.Errorf("the second start is %s, the first was %s", second.Key(), first.Key())
	}
}

func TestT16NewKeyFileIsClosedToOthers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	loadOrCreate(t, dir)
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, FileName): 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %04o, want %04o", path, got, want)
		}
	}
}

func TestCreatingLeavesNothingBesideTheKey(t *testing.T) {
	dir := t.TempDir()
	loadOrCreate(t, dir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != FileName {
		t.Errorf("the directory holds %v, want only %s", entries, FileName)
	}
}

func TestProcessesThatStartTogetherAreOnePeer(t *testing.T) {
	dir := t.TempDir()
	var keys [16]wire.Key
	var group sync.WaitGroup
	for n := range keys {
		group.Go(func() {
			identity, err := LoadOrCreate(dir)
			if err != nil {
				t.Error(err)
				return
			}
			keys[n] = identity.Key()
		})
	}
	group.Wait()
	for _, key := range keys {
		if key != keys[0] {
			t.Errorf("one start is %s, another %s", keys[0], key)
		}
	}
}

// Each row spoils a good state directory in one way. The error must name the
// cause and the next step, and must never quote the key.
func TestT16UnsafeOrDamagedKeyFileIsRefused(t *testing.T) {
	for _, test := range []struct {
		proves      string
		spoil       func(t *testing.T, dir, file string)
		cause, next string
	}{
		{"the group can read the key", chmodFile(0o640), "others can read", "chmod 600"},
		{"anybody can read the key", chmodFile(0o604), "others can read", "chmod 600"},
		{"the group can write the key", chmodFile(0o620), "others can read", "chmod 600"},
		{"the group can replace the key", chmodDirectory(0o770), "others can write to the state directory", "chmod 700"},
		{"anybody can replace the key", chmodDirectory(0o777), "others can write to the state directory", "chmod 700"},
		{"the key is a link to a file elsewhere", linkElsewhere, "symbolic link", "put the file itself there"},
		{"the key is a link to nothing", linkNowhere, "symbolic link", "put the file itself there"},
		{"the key is a directory", directoryInstead, "not a regular file", "move it away"},
		{"the key is cut short", rewrite(func(text []byte) []byte { return text[:len(text)/2] }), "damaged", "restore it from a backup"},
		{"the key file is empty", rewrite(func([]byte) []byte { return nil }), "damaged", "restore it from a backup"},
		{"the key file holds another kind of key", rewrite(ellipticCurveKey), "not an Ed25519 key", "move it away"},
		{"the key file is endless", rewrite(func(text []byte) []byte { return append(make([]byte, 1<<20), text...) }), "damaged", "restore it from a backup"},
	} {
		t.Run(test.proves, func(t *testing.T) {
			dir := t.TempDir()
			loadOrCreate(t, dir)
			file := filepath.Join(dir, FileName)
			secret, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			test.spoil(t, dir, file)
			_, err = LoadOrCreate(dir)
			if err == nil {
				t.Fatal("it was accepted")
			}
			for _, want := range []string{test.cause, test.next, dir} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if body := strings.Split(string(secret), "\n")[1]; strings.Contains(err.Error(), body[:20]) {
				t.Errorf("error quotes the key: %q", err)
			}
		})
	}
}

func TestT16KeyFileOfAnotherUserIsRefused(t *testing.T) {
	dir := t.TempDir()
	loadOrCreate(t, dir)
	file := filepath.Join(dir, FileName)
	info, err := os.Lstat(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkFile(file, othersFile{info}); err == nil || !strings.Contains(err.Error(), "belongs to another user") {
		t.Errorf("got %v, want an error that says whose file it is", err)
	}
}

// othersFile is a file whose owner we cannot tell, so it is not provably ours.
type othersFile struct{ os.FileInfo }

func (othersFile) Sys() any { return nil }

func TestRefusedKeyFileIsLeftAsItIs(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, FileName)
	if err := os.WriteFile(file, []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadOrCreate(dir); err == nil {
		t.Fatal("it was accepted")
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "not a key" {
		t.Errorf("the file is now %q (%v)", text, err)
	}
}

func chmodFile(mode os.FileMode) func(*testing.T, string, string) {
	return func(t *testing.T, _, file string) { chmod(t, file, mode) }
}

func chmodDirectory(mode os.FileMode) func(*testing.T, string, string) {
	return func(t *testing.T, dir, _ string) { chmod(t, dir, mode) }
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func linkElsewhere(t *testing.T, _, file string) {
	t.Helper()
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Rename(file, elsewhere); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, file); err != nil {
		t.Fatal(err)
	}
}

func linkNowhere(t *testing.T, dir, file string) {
	t.Helper()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "nothing"), file); err != nil {
		t.Fatal(err)
	}
}

func directoryInstead(t *testing.T, _, file string) {
	t.Helper()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(file, 0o700); err != nil {
		t.Fatal(err)
	}
}

func rewrite(change func([]byte) []byte) func(*testing.T, string, string) {
	return func(t *testing.T, _, file string) {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, change(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func ellipticCurveKey([]byte) []byte {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der})
}
