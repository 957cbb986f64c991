package transfer

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"peerd/wire"
)

// file is an entry of a file with content of that many bytes, all alike.
func file(path string, size int64) Entry {
	e := Entry{Path: path, Size: size}
	for rest := size; rest > 0; rest -= ChunkSize {
		e.Chunks = append(e.Chunks, HashChunk(make([]byte, min(rest, ChunkSize))))
	}
	return e
}

func folder(path string) Entry { return Entry{Path: path, Folder: true} }

func newManifest(t testing.TB, entries ...Entry) *Manifest {
	t.Helper()
	m, err := New(entries)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// album has a folder in a folder, an empty one, an empty file, and files of one and
// of several chunks.
func album(t testing.TB) *Manifest {
	return newManifest(t,
		folder("a"), file("a/empty", 0), file("a/large", 2*ChunkSize+1), folder("a/nothing"),
		file("a.txt", 5), file("exact", ChunkSize))
}

func TestManifestSurvivesItsEncoding(t *testing.T) {
	for name, m := range map[string]*Manifest{
		"a folder":        album(t),
		"an empty folder": newManifest(t),
		"a file":          newManifest(t, file("", ChunkSize+1)),
		"an empty file":   newManifest(t, file("", 0)),
	} {
		t.Run(name, func(t *testing.T) {
			encoded := m.Append(nil)
			parsed, err := Parse(encoded)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(parsed, m) || parsed.Root() != m.Root() {
				t.Errorf("parsed\n%+v\nwant\n%+v", parsed, m)
			}
			clear(encoded)
			if parsed.Root() != m.Root() {
				t.Error("the parsed manifest aliases its input")
			}
		})
	}
}

func TestManifestCounts(t *testing.T) {
	m := album(t)
	if m.Size() != 3*ChunkSize+6 || m.Files() != 4 || m.Chunks() != 5 || m.IsFile() {
		t.Errorf("size %d, files %d, chunks %d, is file %v", m.Size(), m.Files(), m.Chunks(), m.IsFile())
	}
	var pieces []string
	for i := range m.Chunks() {
		c := m.Chunk(i)
		pieces = append(pieces, fmt.Sprintf("%s@%d+%d", m.Entries()[c.Entry].Path, c.Offset>>20, c.Length))
	}
	want := []string{"a/large@0+1048576", "a/large@1+1048576", "a/large@2+1", "a.txt@0+5", "exact@0+1048576"}
	if !reflect.DeepEqual(pieces, want) {
		t.Errorf("chunks are %q, want %q", pieces, want)
	}
}

func TestT25ManifestRefuses(t *testing.T) {
	deep := strings.TrimSuffix(strings.Repeat("d/", maxDepth+1), "/")
	for name, entries := range map[string][]Entry{
		"the folder above":                       {file("..", 1)},
		"a way out":                              {folder("a"), file("a/../../etc/passwd", 1)},
		"an absolute path":                       {file("/etc/passwd", 1)},
		"no name":                                {folder("a"), file("a/", 1)},
		"the folder itself":                      {file(".", 1)},
		"a NUL":                                  {file("a\x00b", 1)},
		"no UTF-8":                               {file("a\xff", 1)},
		"a name that no file system holds":       {file(strings.Repeat("a", wire.MaxFileName+1), 1)},
		"a path without an end":                  {file(strings.Repeat(strings.Repeat("a", 250)+"/", 20)+"a", 1)},
		"too many folders in each other":         {file(deep, 1)},
		"a file in no folder":                    {file("a/b", 1)},
		"a file in a file":                       {file("a", 1), file("a/b", 1)},
		"the same file twice":                    {file("a", 1), file("a", 1)},
		"files that are not in order":            {file("b", 1), file("a", 1)},
		"a neighbour between a folder's files":   {folder("a"), file("a.txt", 1), file("a/b", 1)},
		"a file of its own beside others":        {file("", 1), file("a", 1)},
		"a folder that is the folder itself":     {folder("")},
		"a folder with a size":                   {{Path: "a", Folder: true, Size: 1}},
		"a size below nothing":                   {{Path: "a", Size: -1}},
		"hashes missing":                         {{Path: "a", Size: 1}},
		"more bytes than one offer may have":     {{Path: "a", Size: wire.MaxFileSize + 1}},
		"a folder with hashes":                   {{Path: "a", Folder: true, Chunks: make([]Hash, 1)}},
		"more hashes than there are chunks":      {{Path: "a", Size: 1, Chunks: make([]Hash, 2)}},
		"more files and folders than one can be": make([]Entry, maxEntries+1),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := New(entries); !errors.Is(err, ErrManifest) {
				t.Errorf("error is %v, want a malformed manifest", err)
			}
		})
	}
}

func TestCutManifestIsRefusedOrAnother(t *testing.T) {
	m := album(t)
	encoded := m.Append(nil)
	for size := range encoded {
		if cut, err := Parse(encoded[:size]); err == nil && cut.Root() == m.Root() {
			t.Errorf("the first %d of %d bytes have the same root", size, len(encoded))
		}
	}
}

func TestManifestHasOneSpelling(t *testing.T) {
	for name, encoded := range map[string][]byte{
		"a long length":  {kindFile, 0x81, 0, 'a', 0},
		"a long size":    {kindFile, 1, 'a', 0x80, 0},
		"another kind":   {3, 1, 'a', 0},
		"a huge length":  {kindFile, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
		"a size alone":   {kindFile, 1, 'a', 0xff, 0xff, 0x7f},
		"a size of 2⁶³":  {kindFile, 1, 'a', 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1},
		"nothing at all": {kindFile},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse(encoded); !errors.Is(err, ErrManifest) {
				t.Errorf("error is %v, want a malformed manifest", err)
			}
		})
	}
	if _, err := Parse(make([]byte, wire.MaxManifest+1)); !errors.Is(err, ErrManifest) {
		t.Errorf("a manifest over the limit: %v", err)
	}
}

// TestRootIsMerkles compares with a tree put together by hand.
func TestRootIsMerkles(t *testing.T) {
	hash := func(parts ...[]byte) []byte {
		sum := sha256.Sum256(bytes.Join(parts, nil))
		return sum[:]
	}
	chunk := func(b ...byte) []byte { return hash([]byte{0}, b) }
	node := func(left, right []byte) []byte { return hash([]byte{1}, left, right) }
	leaves := []Hash{Hash(chunk(1)), Hash(chunk(2)), Hash(chunk(3)), Hash(chunk(4)), Hash(chunk(5))}
	want := node(node(node(leaves[0][:], leaves[1][:]), node(leaves[2][:], leaves[3][:])), leaves[4][:])
	if got := treeRoot(leaves); !bytes.Equal(got[:], want) {
		t.Errorf("root of five is %x, want %x", got, want)
	}
	m := newManifest(t, folder("d"), Entry{Path: "d/f", Size: 1, Chunks: leaves[:1]})
	want = node(hash([]byte{0, 2, 1, 'd'}), hash([]byte{0, 1, 3, 'd', '/', 'f', 1}, leaves[0][:]))
	if got := m.Root(); !bytes.Equal(got[:], want) {
		t.Errorf("root of a manifest is %x, want %x", got, want)
	}
	if got := newManifest(t).Root(); !bytes.Equal(got[:], hash()) {
		t.Errorf("root of nothing is %x", got)
	}
}

func TestT25VerifyKnowsAChunk(t *testing.T) {
	m := newManifest(t, file("", ChunkSize+2))
	switch {
	case !m.Verify(1, []byte{0, 0}):
		t.Error("the last chunk is not recognised")
	case m.Verify(1, []byte{0}) || m.Verify(1, []byte{0, 1}) || m.Verify(0, []byte{0, 0}):
		t.Error("something else passes for a chunk")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(album(f).Append(nil))
	f.Add(newManifest(f, file("", 3)).Append(nil))
	f.Add([]byte{kindFolder, 1, 'a', kindFile, 3, 'a', '/', 'b', 0})
	f.Fuzz(func(t *testing.T, encoded []byte) {
		m, err := Parse(encoded)
		if err != nil {
			return
		}
		if again := m.Append(nil); !bytes.Equal(again, encoded) {
			t.Errorf("encoded again\n%x\nwant\n%x", again, encoded)
		}
		places := Layout(m)
		seen := make(map[string]bool)
		for i, place := range places {
			if m.Entries()[i].Path != "" && CheckPath(place) != nil {
				t.Errorf("%q goes to %q: %v", m.Entries()[i].Path, place, CheckPath(place))
			}
			if seen[fold(place)] {
				t.Errorf("two entries go to %q", place)
			}
			seen[fold(place)] = true
		}
	})
}
