// Package backup keeps a state directory in one file and makes one of it again.
// It serves the daemon, which backs up while it runs, and peerd restore.
//
// A backup is a tar archive:
//
//	manifest.json   whose it is, when it was made, sizes and SHA-256 of the others
//	identity.key    the private key
//	messages.db     a copy of the store, without private halves of prekeys
//
// Whoever has it is the peer: it is to be kept as the key is. It is NOT encrypted,
// has no files that peers sent, and no full-text index, which is made anew.
package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"peerd/internal/identity"
	"peerd/internal/statedir"
	"peerd/peer/store"
)

const (
	// format is what this program writes and reads. Another one means that an
	// archive has other parts, without which it would not be whole.
	format = 1

	manifestName = "manifest.json"
	messagesName = "messages.db"

	// copyName is the copy of the store while it is written into a backup.
	copyName = "backup-copy.db"

	// secretNote is the manifest's first word to whoever opens a backup.
	secretNote = "SECRET: whoever has this file is the peer. It has the private key and all messages, and is not encrypted."
)

// A Manifest says what a backup holds.
type Manifest struct {
	Secret string    `json:"secret"` // that it is one
	Format int       `json:"format"`
	Key    string    `json:"key"` // the peer's public key
	Name   string    `json:"name"`
	Circle string    `json:"circle"`
	MadeAt time.Time `json:"made_at"`
	Parts  []Part    `json:"parts"`
}

// A Part is one file of a state directory.
type Part struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // of the content, in hexadecimal digits
}

// Write writes a backup of state directory dir, whose open store is s, to w. Only
// one call per directory may run at a time. manifest says whose it is; its Secret,
// Format and Parts are set here.
func Write(ctx context.Context, w io.Writer, s *store.Store, dir string, manifest Manifest) (err error) {
	root, err := statedir.Open(dir)
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	defer root.Close()
	if err := removeCopy(root); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	if err := s.Snapshot(ctx, filepath.Join(dir, copyName)); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	defer func() { err = errors.Join(err, root.Remove(copyName)) }()
	manifest.Secret, manifest.Format = secretNote, format
	files := map[string]string{identity.FileName: identity.FileName, messagesName: copyName}
	for _, name := range []string{identity.FileName, messagesName} {
		part, err := describe(root, name, files[name])
		if err != nil {
			return fmt.Errorf("back up: %w", err)
		}
		manifest.Parts = append(manifest.Parts, part)
	}
	if err := writeArchive(w, root, manifest, files); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	return nil
}

// CleanUp removes what a backup of state directory dir leaves when the daemon dies
// meanwhile: worth nothing, and it may have private halves of prekeys. No call of
// Write may be running.
func CleanUp(dir string) error {
	root, err := statedir.Open(dir)
	if err != nil {
		return fmt.Errorf("clean up after a backup: %w", err)
	}
	defer root.Close()
	return removeCopy(root)
}

func removeCopy(root *os.Root) error {
	for _, name := range []string{copyName, copyName + "-journal"} {
		if err := root.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// describe measures the part name, whose content is the file at path.
func describe(root *os.Root, name, path string) (Part, error) {
	file, err := root.Open(path)
	if err != nil {
		return Part{}, err
	}
	defer file.Close()
	hash := sha256.New()
	size, err := io.Copy(hash, file)
	return Part{Name: name, Size: size, SHA256: hex.EncodeToString(hash.Sum(nil))}, err
}

// writeArchive writes the manifest and its parts; files says where these are.
func writeArchive(w io.Writer, root *os.Root, manifest Manifest, files map[string]string) error {
	archive := tar.NewWriter(w)
	text, err := json.MarshalIndent(manifest, "", "\t")
	if err != nil {
		return err
	}
	if err := archive.WriteHeader(header(manifestName, int64(len(text)), manifest.MadeAt)); err != nil {
		return err
	}
	if _, err := archive.Write(text); err != nil {
		return err
	}
	for _, part := range manifest.Parts {
		if err := archive.WriteHeader(header(part.Name, part.Size, manifest.MadeAt)); err != nil {
			return err
		}
		if err := copyFile(archive, root, files[part.Name]); err != nil {
			return err
		}
	}
	return archive.Close()
}

func header(name string, size int64, at time.Time) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: at.Truncate(time.Second), Format: tar.FormatPAX}
}

func copyFile(w io.Writer, root *os.Root, path string) error {
	file, err := root.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(w, file)
	return err
}
