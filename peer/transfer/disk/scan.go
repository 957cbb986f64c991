package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"peerd/peer/transfer"
)

// A Scanned is a file or folder that has been read to be offered.
type Scanned struct {
	Path     string // absolute
	Name     string // the last element of Path
	Folder   bool
	Manifest *transfer.Manifest
	Skipped  int // links, sockets, devices: in the folder, but not sent
}

// ErrNotAFile is returned for what is neither a file nor a folder.
var ErrNotAFile = errors.New("neither a file nor a folder")

// Scan reads the file or folder at path, whole. Links in a folder are not followed:
// they could lead anywhere. One that is named itself is.
func Scan(ctx context.Context, path string) (Scanned, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Scanned{}, err
	}
	s := Scanned{Path: path, Name: filepath.Base(path), Folder: info.IsDir()}
	if err := transfer.CheckPath(s.Name); err != nil {
		return Scanned{}, fmt.Errorf("the name of %s cannot be sent: %w", path, err)
	}
	var entries []transfer.Entry
	switch {
	case info.IsDir():
		entries, s.Skipped, err = scanFolder(ctx, path)
	case info.Mode().IsRegular():
		entries, err = scanFile(ctx, path)
	default:
		err = fmt.Errorf("%s: %w", path, ErrNotAFile)
	}
	if err != nil {
		return Scanned{}, err
	}
	s.Manifest, err = transfer.New(entries)
	return s, err
}

func scanFile(ctx context.Context, path string) ([]transfer.Entry, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	e, err := hashFile(ctx, file)
	return []transfer.Entry{e}, err
}

func scanFolder(ctx context.Context, path string) (entries []transfer.Entry, skipped int, err error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, 0, err
	}
	defer root.Close()
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == ".":
			return nil
		case entry.IsDir():
			entries = append(entries, transfer.Entry{Path: name, Folder: true})
			return nil
		case !entry.Type().IsRegular():
			skipped++
			return nil
		}
		e, err := hashIn(ctx, root, name)
		entries = append(entries, e)
		return err
	})
	return entries, skipped, err
}

func hashIn(ctx context.Context, root *os.Root, name string) (transfer.Entry, error) {
	file, err := root.Open(name)
	if err != nil {
		return transfer.Entry{}, err
	}
	defer file.Close()
	e, err := hashFile(ctx, file)
	e.Path = name
	return e, err
}

// hashFile reads a file to its end.
func hashFile(ctx context.Context, file *os.File) (e transfer.Entry, err error) {
	buffer := make([]byte, transfer.ChunkSize)
	for {
		if err := ctx.Err(); err != nil {
			return e, err
		}
		n, err := io.ReadFull(file, buffer)
		if n > 0 {
			e.Size += int64(n)
			e.Chunks = append(e.Chunks, transfer.HashChunk(buffer[:n]))
		}
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return e, nil
		case err != nil:
			return e, fmt.Errorf("read %s: %w", file.Name(), err)
		}
	}
}
