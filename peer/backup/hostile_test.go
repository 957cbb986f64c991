package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// An entry is one of an archive.
type entry struct {
	head    tar.Header
	content []byte
}

// entriesOf reads an archive whole.
func entriesOf(t *testing.T, archive []byte) (entries []entry) {
	t.Helper()
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			return entries
		}
		check(t, err)
		content, err := io.ReadAll(r)
		check(t, err)
		entries = append(entries, entry{tar.Header{Typeflag: head.Typeflag, Name: head.Name, Size: head.Size, Mode: head.Mode}, content})
	}
}

// archiveOf writes an archive. What the writer refuses to make, a link with content
// for one, is not in it.
func archiveOf(t *testing.T, entries []entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		check(t, w.WriteHeader(&e.head))
		if e.head.Typeflag == tar.TypeReg {
			_, err := w.Write(e.content)
			check(t, err)
		}
	}
	check(t, w.Close())
	return out.Bytes()
}

// remake changes the manifest of entries.
func remake(t *testing.T, entries []entry, change func(*Manifest)) {
	t.Helper()
	var manifest Manifest
	check(t, json.Unmarshal(entries[0].content, &manifest))
	change(&manifest)
	text, err := json.Marshal(manifest)
	check(t, err)
	entries[0].content, entries[0].head.Size = text, int64(len(text))
}

// TestT25HostileBackupIsRefused restores archives that a user was talked into, made to
// write elsewhere, to fill the disk, or to put something in between.
func TestT25HostileBackupIsRefused(t *testing.T) {
	whole, _ := backedUp(t)
	link := func(kind byte, name, to string) entry {
		return entry{head: tar.Header{Typeflag: kind, Name: name, Linkname: to, Mode: 0o777}}
	}
	file := func(name, content string) entry {
		return entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: 0o4777}, []byte(content)}
	}
	renamed := func(name string) func([]entry) []entry {
		return func(e []entry) []entry {
			remake(t, e, func(m *Manifest) { m.Parts[1].Name = name })
			e[2].head.Name = name
			return e
		}
	}
	instead := func(e entry) func([]entry) []entry { // of the key
		return func(entries []entry) []entry {
			remake(t, entries, func(m *Manifest) { // an empty file would be right
				sum := sha256.Sum256(nil)
				m.Parts[0].Size, m.Parts[0].SHA256 = 0, hex.EncodeToString(sum[:])
			})
			entries[1] = e
			return entries
		}
	}
	before := func(e entry) func([]entry) []entry {
		return func(entries []entry) []entry { return slices.Insert(entries, 1, e) }
	}
	after := func(e entry) func([]entry) []entry {
		return func(entries []entry) []entry { return append(entries, e) }
	}
	for name, change := range map[string]func([]entry) []entry{
		"a part above":                       renamed("../messages.db"),
		"a part at an absolute path":         renamed("/tmp/evil"),
		"a part in a folder":                 renamed("messages.db/x"),
		"a part with a dot":                  renamed("./messages.db"),
		"a symbolic link instead of the key": instead(link(tar.TypeSymlink, "identity.key", "/etc/passwd")),
		"a hard link instead of the key":     instead(link(tar.TypeLink, "identity.key", "/etc/passwd")),
		"a device instead of the key":        instead(link(tar.TypeChar, "identity.key", "")),
		"a pipe instead of the key":          instead(link(tar.TypeFifo, "identity.key", "")),
		"a folder instead of the key":        instead(link(tar.TypeDir, "identity.key", "")),
		"a link before the part it is for":   before(link(tar.TypeSymlink, "messages.db", "/etc/passwd")),
		"a file before":                      before(file("../../.ssh/authorized_keys", "evil")),
		"a file above, behind":               after(file("../evil", "evil")),
		"a second key behind":                after(file("identity.key", "evil")),
		"a link behind":                      after(link(tar.TypeSymlink, "search.db", "/etc/passwd")),
		"a setuid program behind":            after(file("peerd", "evil")),
		"a key of 5 KiB":                     func(e []entry) []entry { return sized(t, e, 1, 5<<10) },
		"a manifest as a link":               func(e []entry) []entry { e[0] = link(tar.TypeSymlink, manifestName, "x"); return e },
		"a manifest that promises more":      func(e []entry) []entry { remake(t, e, func(m *Manifest) { m.Parts[1].Size = 10 << 40 }); return e },
		"a manifest that promises less":      func(e []entry) []entry { remake(t, e, func(m *Manifest) { m.Parts[1].Size = -1 }); return e },
		"a manifest with a part named twice": func(e []entry) []entry { remake(t, e, func(m *Manifest) { m.Parts[1] = m.Parts[0] }); return e },
		"a manifest without an end": func(e []entry) []entry {
			e[0].content = bytes.Repeat([]byte("["), 1<<20)
			e[0].head.Size = 1 << 20
			return e
		},
	} {
		t.Run(name, func(t *testing.T) {
			above := t.TempDir()
			dir := filepath.Join(above, "state")
			if _, err := restore(t, archiveOf(t, change(entriesOf(t, whole))), dir, false); !errors.Is(err, ErrNotABackup) {
				t.Errorf("got %v, want ErrNotABackup", err)
			}
			leftNothing(t, dir)
			if beside, err := os.ReadDir(above); err != nil || len(beside) != 1 {
				t.Errorf("beside the state directory: %v, %v", beside, err)
			}
		})
	}
}

// sized gives a part, and what the manifest says of it, another size.
func sized(t *testing.T, entries []entry, part, size int) []entry {
	entries[part].content = make([]byte, size)
	entries[part].head.Size = int64(size)
	sum := sha256.Sum256(entries[part].content)
	remake(t, entries, func(m *Manifest) {
		m.Parts[part-1].Size, m.Parts[part-1].SHA256 = int64(size), hex.EncodeToString(sum[:])
	})
	return entries
}

// TestT25SparseBackupDoesNotFillTheDisk restores 8 KiB that unpack to 1 TiB of zeros.
func TestT25SparseBackupDoesNotFillTheDisk(t *testing.T) {
	const claimed = 1 << 40
	whole, _ := backedUp(t)
	entries := entriesOf(t, whole)
	remake(t, entries, func(m *Manifest) { m.Parts[1].Size = claimed })
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries[:2] {
		check(t, w.WriteHeader(&e.head))
		_, err := w.Write(e.content)
		check(t, err)
	}
	check(t, w.Flush())
	// GNU format 1.0: the map, then nothing, in a file of the real name and size. The
	// writer of the standard library makes none, so the records have another prefix.
	sparse := tar.Header{
		Typeflag: tar.TypeReg, Name: "x", Size: 512, Mode: 0o600, Format: tar.FormatPAX,
		PAXRecords: map[string]string{
			"XNU.sparse.major": "1", "XNU.sparse.minor": "0", "XNU.sparse.name": messagesName, "XNU.sparse.realsize": "1099511627776",
		},
	}
	check(t, w.WriteHeader(&sparse))
	_, err := w.Write(append([]byte("1\n1099511627776\n0\n"), make([]byte, 512-18)...))
	check(t, errors.Join(err, w.Close()))
	archive := bytes.ReplaceAll(out.Bytes(), []byte("XNU.sparse"), []byte("GNU.sparse"))

	r := tar.NewReader(bytes.NewReader(archive))
	for range 2 {
		_, err := r.Next()
		check(t, err)
	}
	if head, err := r.Next(); err != nil || head.Name != messagesName || head.Size != claimed {
		t.Fatalf("the archive attacks nobody: %+v, %v", head, err)
	}
	dir := filepath.Join(t.TempDir(), "state")
	if _, err := restore(t, archive, dir, false); !errors.Is(err, ErrNotABackup) {
		t.Errorf("got %v, want ErrNotABackup", err)
	}
	leftNothing(t, dir)
}

// TestT16LinksPlantedForABackupLeadNowhere has what backing up and restoring write in a
// state directory lead to somebody's precious file.
func TestT16LinksPlantedForABackupLeadNowhere(t *testing.T) {
	archive, key := backedUp(t)
	for _, names := range [][]string{{stagingName, copyName, asidePrefix + "x"}, {stagingName + "/" + messagesName}} {
		t.Run(names[0], func(t *testing.T) {
			dir, outside := t.TempDir(), t.TempDir()
			precious := filepath.Join(outside, "identity.key")
			check(t, os.WriteFile(precious, []byte("precious"), 0o600))
			for _, name := range names {
				check(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
				check(t, os.Symlink(outside, filepath.Join(dir, name)))
			}
			if _, err := restore(t, archive, dir, true); err != nil {
				t.Fatal(err)
			}
			isAlices(t, dir, key)
			left, err := os.ReadDir(outside)
			if content, err := os.ReadFile(precious); err != nil || string(content) != "precious" {
				t.Errorf("the file outside is %q (%v)", content, err)
			}
			if err != nil || len(left) != 1 {
				t.Errorf("outside are %v (%v)", left, err)
			}
		})
	}
}
