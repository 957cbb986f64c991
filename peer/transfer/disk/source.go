package disk

import (
	"errors"
	"fmt"
	"io"
	"os"

	"peerd/peer/transfer"
)

// ErrChanged means that a file is not what it was when it was offered.
var ErrChanged = errors.New("the file has changed since it was offered")

// A Source reads chunks of what was offered. It may be used by several goroutines.
type Source struct {
	path     string
	folder   *os.Root // nil for a file
	manifest *transfer.Manifest
}

// OpenSource opens the file or folder at path, which manifest describes.
func OpenSource(path string, manifest *transfer.Manifest) (*Source, error) {
	s := &Source{path: path, manifest: manifest}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() == manifest.IsFile() {
		return nil, fmt.Errorf("%s: %w", path, ErrChanged)
	}
	if info.IsDir() {
		s.folder, err = os.OpenRoot(path)
	}
	return s, err
}

// Read reads the chunk at index into buffer, which has room for one, and returns
// the part of buffer that it fills. Only its length is compared with the offer: the
// recipient verifies the rest. The error wraps ErrChanged when it differs.
func (s *Source) Read(index uint64, buffer []byte) ([]byte, error) {
	chunk := s.manifest.Chunk(index)
	entry := s.manifest.Entries()[chunk.Entry]
	file, err := s.open(entry.Path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrChanged, err)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() != entry.Size {
		return nil, fmt.Errorf("%s: %w", file.Name(), ErrChanged)
	}
	data := buffer[:chunk.Length]
	if _, err := file.ReadAt(data, chunk.Offset); errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", file.Name(), ErrChanged)
	} else if err != nil {
		return nil, err
	}
	return data, nil
}

func (s *Source) open(path string) (*os.File, error) {
	if s.folder == nil {
		return os.Open(s.path)
	}
	return s.folder.Open(path)
}

// Close closes the folder.
func (s *Source) Close() error {
	if s.folder == nil {
		return nil
	}
	return s.folder.Close()
}
