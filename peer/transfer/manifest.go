package transfer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sort"

	"peerd/wire"
)

// ChunkSize is how many bytes are verified, asked for and lost at a crash together.
// Larger chunks cost a slow link more when it breaks; smaller ones make manifests
// larger, and with them the memory of both sides.
const ChunkSize = 1 << 20

// maxEntries bounds files and folders together: an empty entry is four bytes in a
// manifest and a hundred in memory.
const maxEntries = 2 * wire.MaxFiles

// Kinds of entries, as in a manifest.
const (
	kindFile   = 1
	kindFolder = 2
)

// An Entry is a file or a folder of a manifest.
type Entry struct {
	Path   string // below what is offered, "/" between elements; "" is the file that is offered itself
	Folder bool
	Size   int64  // bytes of a file
	Chunks []Hash // of a file, in order
}

// A Manifest lists what an offer consists of. It is made by New or Parse and never
// changes, so it may be used by several goroutines.
type Manifest struct {
	entries []Entry
	first   []uint64 // the first chunk of each entry, and the number of all
	size    int64
	files   int
}

// ErrManifest is wrapped by every error about a manifest that breaks a rule.
var ErrManifest = errors.New("malformed manifest")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrManifest, fmt.Errorf(format, args...))
}

// New returns the manifest of entries, which it keeps. It fails like Parse for what
// Parse would refuse.
func New(entries []Entry) (*Manifest, error) {
	if len(entries) > maxEntries {
		return nil, malformed("more than %d files and folders", maxEntries)
	}
	m := &Manifest{entries: entries, first: make([]uint64, 0, len(entries)+1)}
	folders := map[string]bool{"": true}
	chunks := uint64(0)
	for i, e := range entries {
		if err := m.checkEntry(i, folders); err != nil {
			return nil, err
		}
		m.first = append(m.first, chunks)
		chunks += uint64(len(e.Chunks))
		if e.Folder {
			folders[e.Path] = true
			continue
		}
		m.size += e.Size
		m.files++
		if m.size > wire.MaxFileSize || m.files > wire.MaxFiles {
			return nil, malformed("more than %d bytes or %d files", int64(wire.MaxFileSize), wire.MaxFiles)
		}
	}
	m.first = append(m.first, chunks)
	return m, nil
}

// checkEntry checks the entry at i against the rules and against the one before.
func (m *Manifest) checkEntry(i int, folders map[string]bool) error {
	e := m.entries[i]
	alone := e.Path == "" && !e.Folder && len(m.entries) == 1
	if !alone {
		if err := CheckPath(e.Path); err != nil {
			return malformed("%w", err)
		}
	}
	switch {
	case i > 0 && comparePaths(m.entries[i-1].Path, e.Path) >= 0:
		return malformed("%q is not in its place", e.Path)
	case !folders[parent(e.Path)]:
		return malformed("%q is in no folder", e.Path)
	case e.Size < 0 || e.Size > wire.MaxFileSize || e.Folder && e.Size > 0:
		return malformed("%q has a size of %d", e.Path, e.Size)
	case uint64(len(e.Chunks)) != chunksOf(e.Size):
		return malformed("%q has %d chunks for %d bytes", e.Path, len(e.Chunks), e.Size)
	}
	return nil
}

func chunksOf(size int64) uint64 { return uint64(size+ChunkSize-1) / ChunkSize }

// Append appends the encoded manifest to b.
func (m *Manifest) Append(b []byte) []byte {
	for _, e := range m.entries {
		b = appendHead(b, e)
		for _, leaf := range e.Chunks {
			b = append(b, leaf[:]...)
		}
	}
	return b
}

// appendHead appends what is in the manifest of e before the hashes.
func appendHead(b []byte, e Entry) []byte {
	kind := byte(kindFile)
	if e.Folder {
		kind = kindFolder
	}
	b = append(b, kind)
	b = binary.AppendUvarint(b, uint64(len(e.Path)))
	b = append(b, e.Path...)
	if !e.Folder {
		b = binary.AppendUvarint(b, uint64(e.Size))
	}
	return b
}

// Parse decodes a manifest. It keeps nothing of b. Every error wraps ErrManifest.
func Parse(b []byte) (*Manifest, error) {
	if len(b) > wire.MaxManifest {
		return nil, malformed("%d bytes, the limit is %d", len(b), wire.MaxManifest)
	}
	var entries []Entry
	for len(b) > 0 {
		if len(entries) == maxEntries {
			return nil, malformed("more than %d files and folders", maxEntries)
		}
		e, rest, err := parseEntry(b)
		if err != nil {
			return nil, err
		}
		entries, b = append(entries, e), rest
	}
	return New(entries)
}

func parseEntry(b []byte) (e Entry, rest []byte, err error) {
	kind := b[0]
	if kind != kindFile && kind != kindFolder {
		return e, nil, malformed("an entry of kind %d", kind)
	}
	e.Folder = kind == kindFolder
	length, b, err := parseNumber(b[1:])
	if err != nil || length > uint64(len(b)) {
		return e, nil, malformed("a path is cut off")
	}
	e.Path, b = string(b[:length]), b[length:]
	if e.Folder {
		return e, b, nil
	}
	size, b, err := parseNumber(b)
	if err != nil || size > wire.MaxFileSize || chunksOf(int64(size)) > uint64(len(b)/len(Hash{})) {
		return e, nil, malformed("%.200q is cut off", e.Path)
	}
	e.Size = int64(size)
	if n := chunksOf(e.Size); n > 0 {
		e.Chunks = make([]Hash, n)
	}
	for i := range e.Chunks {
		b = b[copy(e.Chunks[i][:], b):]
	}
	return e, b, nil
}

// parseNumber reads a varint in its shortest form.
func parseNumber(b []byte) (uint64, []byte, error) {
	n, size := binary.Uvarint(b)
	if size <= 0 || size > 1 && b[size-1] == 0 {
		return 0, nil, errors.New("not a number")
	}
	return n, b[size:], nil
}

// Root returns the root of the hash tree.
func (m *Manifest) Root() Hash {
	leaves := make([]Hash, len(m.entries))
	var head []byte
	for i, e := range m.entries {
		head = appendHead(head[:0], e)
		if !e.Folder {
			root := treeRoot(e.Chunks)
			head = append(head, root[:]...)
		}
		leaves[i] = HashChunk(head)
	}
	return treeRoot(leaves)
}

// Entries returns the entries, which the caller must not change.
func (m *Manifest) Entries() []Entry { return m.entries }

// IsFile reports whether the manifest is that of a file that is offered by itself.
func (m *Manifest) IsFile() bool { return len(m.entries) == 1 && m.entries[0].Path == "" }

// Size returns the bytes of all files.
func (m *Manifest) Size() int64 { return m.size }

// Files returns how many files there are.
func (m *Manifest) Files() int { return m.files }

// Chunks returns how many chunks all files have.
func (m *Manifest) Chunks() uint64 { return m.first[len(m.entries)] }

// A Chunk is a piece of a file.
type Chunk struct {
	Entry  int // in Entries
	Offset int64
	Length int
	Hash   Hash
}

// Chunk returns the chunk at index, counted through all files; index must be below
// Chunks.
func (m *Manifest) Chunk(index uint64) Chunk {
	entry := sort.Search(len(m.entries), func(i int) bool { return m.first[i+1] > index })
	e, n := m.entries[entry], index-m.first[entry]
	offset := int64(n) * ChunkSize
	return Chunk{Entry: entry, Offset: offset, Length: int(min(ChunkSize, e.Size-offset)), Hash: e.Chunks[n]}
}

// FirstChunk returns the index of an entry's first chunk.
func (m *Manifest) FirstChunk(entry int) uint64 { return m.first[entry] }

// Verify reports whether data is the chunk at index.
func (m *Manifest) Verify(index uint64, data []byte) bool {
	chunk := m.Chunk(index)
	return len(data) == chunk.Length && HashChunk(data) == chunk.Hash
}
