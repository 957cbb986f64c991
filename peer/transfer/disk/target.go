package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"peerd/internal/statedir"
	"peerd/peer/transfer"
)

// incoming is where in the download folder what has not arrived whole is kept.
// SafeName gives no file that name.
const incoming = ".peerd-incoming"

// content is the file or folder in the staging folder of one offer.
const content = "content"

// A Target is where what an offer consists of is put together. Write may be called
// by several goroutines, for different chunks.
type Target struct {
	downloads *os.Root
	staging   *os.Root
	id        string
	folder    bool
	manifest  *transfer.Manifest
	places    []string
}

// OpenTarget makes or finds the staging folder of an offer below the download
// folder at dir, which is made where it is missing. id is one element of a path.
func OpenTarget(dir, id string, folder bool, manifest *transfer.Manifest) (t *Target, err error) {
	if err := MakeFolder(dir); err != nil {
		return nil, err
	}
	t = &Target{id: id, folder: folder, manifest: manifest}
	if t.downloads, err = os.OpenRoot(dir); err != nil {
		return nil, err
	}
	if err := t.openStaging(); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// MakeFolder makes the download folder where it is missing. It may be one that others
// write to, as nothing in it is followed out of it or overwritten; but a link to it must
// not be another user's, whose error is a *statedir.UnsafeError.
func MakeFolder(dir string) error {
	if err := statedir.CheckLink(dir); err != nil {
		return err
	}
	_, absent := os.Stat(dir)
	if err := os.MkdirAll(dir, 0o700); err != nil || absent == nil {
		return err
	}
	return statedir.Sync(filepath.Dir(dir)) // or what is said to be here goes with the folder
}

func (t *Target) openStaging() (err error) {
	if err := t.downloads.MkdirAll(path.Join(incoming, t.id), 0o700); err != nil {
		return err
	}
	if t.staging, err = t.downloads.OpenRoot(path.Join(incoming, t.id)); err != nil {
		return err
	}
	t.places = transfer.Layout(t.manifest)
	if t.folder {
		if err := t.staging.MkdirAll(content, 0o777); err != nil {
			return err
		}
	}
	for i, e := range t.manifest.Entries() {
		if e.Folder {
			err = t.staging.MkdirAll(t.place(i), 0o777)
		} else if e.Size == 0 {
			err = t.createEmpty(i)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *Target) createEmpty(entry int) error {
	file, err := t.openToWrite(entry)
	if err != nil {
		return err
	}
	return file.Close()
}

// place returns where an entry is below the staging folder.
func (t *Target) place(entry int) string { return path.Join(content, t.places[entry]) }

func (t *Target) openToWrite(entry int) (*os.File, error) {
	return t.staging.OpenFile(t.place(entry), os.O_WRONLY|os.O_CREATE, 0o666)
}

// Verify reads what is there from before and calls arrived for each chunk that is
// whole.
func (t *Target) Verify(ctx context.Context, arrived func(index uint64)) error {
	buffer := make([]byte, transfer.ChunkSize)
	for i, e := range t.manifest.Entries() {
		if e.Folder || e.Size == 0 {
			continue
		}
		if err := t.verifyFile(ctx, i, buffer, arrived); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (t *Target) verifyFile(ctx context.Context, entry int, buffer []byte, arrived func(uint64)) error {
	file, err := t.staging.Open(t.place(entry))
	if err != nil {
		return err
	}
	defer file.Close()
	first := t.manifest.FirstChunk(entry)
	for n := range t.manifest.Entries()[entry].Chunks {
		if err := ctx.Err(); err != nil {
			return err
		}
		index := first + uint64(n)
		data := buffer[:t.manifest.Chunk(index).Length]
		if _, err := io.ReadFull(file, data); err != nil {
			return nil // not written yet, or not readable: it will be fetched
		}
		if t.manifest.Verify(index, data) {
			arrived(index)
		}
	}
	return nil
}

// Write writes the chunk at index, which the caller has verified.
func (t *Target) Write(index uint64, data []byte) error {
	chunk := t.manifest.Chunk(index)
	file, err := t.openToWrite(chunk.Entry)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(data, chunk.Offset)
	return errors.Join(err, file.Close())
}

// Finish puts what has arrived whole into the download folder, on the disk for
// good, under name made safe, or a numbered one where that exists. Before it moves
// anything it has record note the path, durably: after a crash in between, Moved
// tells. It returns the path. The staging folder stays until Discard.
func (t *Target) Finish(name string, record func(path string) error) (string, error) {
	for i, e := range t.manifest.Entries() {
		if err := t.sync(i, e); err != nil {
			return "", err
		}
	}
	if t.folder {
		if err := syncFolder(t.staging, content); err != nil {
			return "", err
		}
	}
	name = transfer.SafeName(name)
	for n := range maxNumber {
		place := transfer.Numbered(name, t.folder, n+1)
		path := filepath.Join(t.downloads.Name(), place)
		switch free, err := t.free(place); {
		case err != nil:
			return "", err
		case !free:
			continue
		}
		if err := record(path); err != nil {
			return "", err
		}
		err := t.move(place)
		if errors.Is(err, os.ErrExist) {
			continue // somebody was faster
		}
		if err == nil {
			err = syncFolder(t.downloads, ".")
		}
		return path, err
	}
	return "", fmt.Errorf("%d files are called %s", maxNumber, name)
}

// sync makes an entry exactly as large as it should be, and durable.
func (t *Target) sync(i int, e transfer.Entry) error {
	if e.Folder {
		return syncFolder(t.staging, t.place(i))
	}
	file, err := t.openToWrite(i)
	if err != nil {
		return err
	}
	return errors.Join(file.Truncate(e.Size), file.Sync(), file.Close())
}

// maxNumber bounds the numbered names that are tried.
const maxNumber = 10_000

// free reports whether nothing has the name place, nor is it what we moved there
// before a crash.
func (t *Target) free(place string) (bool, error) {
	there, err := t.downloads.Lstat(place)
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	ours, err := t.downloads.Lstat(t.from())
	return err == nil && os.SameFile(ours, there), nil
}

// from is where the content is below the download folder.
func (t *Target) from() string { return path.Join(incoming, t.id, content) }

// move gives the content the name place; os.ErrExist when something has it, which
// is never replaced. A folder replaces at most an empty folder that was made in the
// instant since free.
func (t *Target) move(place string) error {
	if t.folder {
		return t.downloads.Rename(t.from(), place)
	}
	err := t.downloads.Link(t.from(), place)
	if !errors.Is(err, os.ErrExist) && err != nil {
		return t.claim(place) // a file system without links
	}
	if free, _ := t.free(place); free {
		return nil // linked before a crash
	}
	return err
}

// claim takes the name with an empty file first, which the content then replaces.
func (t *Target) claim(place string) error {
	file, err := t.downloads.OpenFile(place, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), t.downloads.Rename(t.from(), place))
}

// Moved reports whether Finish had moved the content to path, which it had
// recorded, before a crash.
func Moved(dir, id, path string) bool {
	downloads, err := os.OpenRoot(dir)
	if err != nil {
		return false
	}
	defer downloads.Close()
	_, staged := downloads.Lstat(filepath.Join(incoming, id, content))
	_, moved := downloads.Lstat(filepath.Base(path))
	return path != "" && errors.Is(staged, os.ErrNotExist) && moved == nil
}

// Discard removes the staging folder of an offer.
func Discard(dir, id string) error {
	return inFolder(dir, func(downloads *os.Root) error { return downloads.RemoveAll(path.Join(incoming, id)) })
}

// Tidy removes the staging folders of all offers but those that keep names.
func Tidy(dir string, keep func(id string) bool) error {
	return inFolder(dir, func(downloads *os.Root) error { return tidy(downloads, incoming, keep) })
}

// Close closes the folders. What has arrived stays.
func (t *Target) Close() error {
	var err error
	if t.staging != nil {
		err = t.staging.Close()
	}
	return errors.Join(err, t.downloads.Close())
}
