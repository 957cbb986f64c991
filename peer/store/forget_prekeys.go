package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// A damaged file is kept for as long as the user likes, private halves of prekeys
// only for as long as envelopes may come that are sealed to them. So they are
// overwritten in what is kept: the page of their table, which has a handful of rows,
// if the schema can be read, and every copy of a half that the rescue has found. The
// log's checksums do not fit there any more, which costs nothing: the rescue has read
// the log before.

// forgetPrekeys overwrites the private halves in the damaged file kept and its log.
// The sound file rescued has those that could be read.
func forgetPrekeys(kept, rescued string) error {
	private, err := readPrekeys(rescued)
	if err != nil {
		return fmt.Errorf("read the prekeys that were rescued: %w", err)
	}
	file, err := os.OpenFile(kept, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	page, size, err := prekeyPage(file)
	if err == nil && page != 0 {
		err = zero(file, int64(page-1)*size, size)
	}
	err = errors.Join(err, overwrite(file, private), file.Sync(), file.Close())
	log, failed := os.OpenFile(kept+"-wal", os.O_RDWR, 0)
	if errors.Is(failed, os.ErrNotExist) {
		return err
	}
	if failed != nil {
		return errors.Join(err, failed)
	}
	return errors.Join(err, zeroFrames(log, page, size), overwrite(log, private), log.Sync(), log.Close())
}

// readPrekeys returns the private halves in a sound file.
func readPrekeys(path string) (private [][]byte, err error) {
	db, err := connect(path, 1, "query_only(1)")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(context.Background(), `SELECT id, private, created_at FROM prekey`)
	if err != nil {
		return nil, err
	}
	prekeys, err := collect(rows, scanPrekey)
	for _, prekey := range prekeys {
		private = append(private, prekey.Private.Reveal())
	}
	return private, err
}

// prekeyPage returns the number of the page that holds the table of prekeys in a
// damaged file, 0 when the file does not say, and how large its pages are.
func prekeyPage(file *os.File) (page uint32, size int64, err error) {
	from, err := readPages(file)
	if err != nil {
		return 0, 0, err
	}
	r := &rescue{pages: from, visited: make(map[uint32]bool)}
	for _, t := range r.schema() {
		if t.name == "prekey" {
			page = t.root
		}
	}
	return page, int64(from.size), nil
}

// zeroFrames overwrites a page wherever a write-ahead log has it.
func zeroFrames(log *os.File, page uint32, size int64) error {
	var header [walFrameHeader]byte
	for at := int64(walHeaderSize); page != 0; at += walFrameHeader + size {
		if _, err := log.ReadAt(header[:], at); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if binary.BigEndian.Uint32(header[:]) != page {
			continue
		}
		if err := zero(log, at+walFrameHeader, size); err != nil {
			return err
		}
	}
	return nil
}

// scanSize is how much of a file overwrite looks at once.
const scanSize = 1 << 20

// overwrite puts zeros in the place of every copy of the secrets in a file.
func overwrite(file *os.File, secrets [][]byte) error {
	longest := 0
	for _, secret := range secrets {
		longest = max(longest, len(secret))
	}
	if longest == 0 {
		return nil
	}
	// Each look begins before the end of the one before, so that no copy is cut.
	window := make([]byte, scanSize+longest)
	for at := int64(0); ; at += scanSize {
		n, err := file.ReadAt(window, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		for _, secret := range secrets {
			for from := 0; len(secret) > 0; {
				found := bytes.Index(window[from:n], secret)
				if found < 0 {
					break
				}
				from += found
				if err := zero(file, at+int64(from), int64(len(secret))); err != nil {
					return err
				}
				from += len(secret)
			}
		}
		if n < len(window) {
			return nil
		}
	}
}

// zero overwrites a part of a file, as far as there is a file.
func zero(file *os.File, at, size int64) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if size = min(size, info.Size()-at); size <= 0 {
		return nil
	}
	_, err = file.WriteAt(make([]byte, size), at)
	return err
}
