package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"testing"

	"peerd/internal/identity"
	"peerd/internal/spoil"
)

// smallBackup is an archive of the right form, with little in it.
func smallBackup(t testing.TB) []byte {
	t.Helper()
	contents := map[string]string{identity.FileName: "key", messagesName: "messages"}
	manifest := Manifest{Format: format}
	for _, name := range []string{identity.FileName, messagesName} {
		hash := sha256.Sum256([]byte(contents[name]))
		manifest.Parts = append(manifest.Parts, Part{Name: name, Size: int64(len(contents[name])), SHA256: hex.EncodeToString(hash[:])})
	}
	text, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	contents[manifestName] = string(text)
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, name := range []string{manifestName, identity.FileName, messagesName} {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(contents[name]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(contents[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

// checkUnpacked unpacks an archive into an empty directory: whatever is in it,
// nothing but the parts of a backup, no larger than the archive, comes of it.
func checkUnpacked(t *testing.T, root *os.Root, archive []byte) {
	defer root.RemoveAll(stagingName)
	if _, err := unpack(bytes.NewReader(archive), root); err != nil && !errors.Is(err, ErrNotABackup) {
		t.Fatalf("%v is no ErrNotABackup", err)
	}
	err := fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if name := entry.Name(); err != nil || !info.Mode().IsRegular() || info.Size() > int64(len(archive)) ||
			path != stagingName+"/"+name || name != identity.FileName && name != messagesName {
			t.Fatalf("it unpacks %s (%v), %v", path, info, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestT14BackupMayBeSpoilt(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	whole := smallBackup(t)
	if _, err := unpack(bytes.NewReader(whole), root); err != nil {
		t.Fatalf("the example: %v", err)
	}
	if err := root.RemoveAll(stagingName); err != nil {
		t.Fatal(err)
	}
	for at, spoilt := range spoil.Lengths(whole[:512+512]) { // the first header, and the manifest
		if at%128 == 0 || at >= 124 && at < 136 { // and every octet of the length in it
			checkUnpacked(t, root, append(bytes.Clone(spoilt), whole[1024:]...))
		}
	}
	for size := 0; size < len(whole); size += 37 {
		checkUnpacked(t, root, whole[:size])
	}
}

func FuzzUnpack(f *testing.F) {
	root, err := os.OpenRoot(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { root.Close() })
	f.Add(smallBackup(f))
	f.Fuzz(func(t *testing.T, archive []byte) { checkUnpacked(t, root, archive) })
}
