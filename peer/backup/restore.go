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
	"slices"
	"strings"
	"time"

	"peerd/internal/identity"
	"peerd/internal/statedir"
	"peerd/peer/store"
)

const (
	// stagingName is where a backup is unpacked and checked, inside the state
	// directory, so that taking it into use is a matter of renaming.
	stagingName = "restoring"
	// asidePrefix begins the name of a directory with what was there before.
	asidePrefix = "before-restore-"
	// indexName is the full-text index, which belongs to one messages.db.
	indexName = "search.db"
	// maxManifest bounds what is read as a manifest, in bytes.
	maxManifest = 64 << 10
	// maxKeyFile bounds what is read as a key, in bytes.
	maxKeyFile = 4 << 10
)

// ErrNotABackup means that a file is no backup, or not all of one.
var ErrNotABackup = errors.New("not a whole backup")

// A NotEmptyError says that a state directory has something in it already.
type NotEmptyError struct{ Dir string }

func (e *NotEmptyError) Error() string { return fmt.Sprintf("directory %s is not empty", e.Dir) }

// Restored says what was restored.
type Restored struct {
	Manifest
	// SetAside is the directory with what was there before; empty when nothing was.
	SetAside string
}

// Restore makes a state directory of the backup r, or changes nothing. The error
// is ErrNotABackup, store.ErrDamaged or store.ErrNewerSchema when r cannot be used,
// a *store.InUseError when a daemon runs in dir, with force too, and a
// *NotEmptyError when something is there; with force that is set aside.
func Restore(ctx context.Context, r io.Reader, dir string, force bool, now time.Time) (restored Restored, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return restored, fmt.Errorf("restore: %w", err)
	}
	release, err := store.Hold(dir)
	if err != nil {
		return restored, err
	}
	defer func() { err = errors.Join(err, release()) }()
	occupied, err := contents(dir)
	switch {
	case err != nil:
		return restored, fmt.Errorf("restore: %w", err)
	case len(occupied) > 0 && !force:
		return restored, &NotEmptyError{dir}
	}
	staging := filepath.Join(dir, stagingName)
	if err := os.RemoveAll(staging); err != nil {
		return restored, fmt.Errorf("restore: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(staging)) }()
	if restored.Manifest, err = unpack(r, staging); err != nil {
		return restored, fmt.Errorf("restore: %w", err)
	}
	if err := prepare(ctx, staging, restored.Manifest, now); err != nil {
		return restored, fmt.Errorf("restore: %w", err)
	}
	if restored.SetAside, err = setAside(dir, occupied, now); err != nil {
		return restored, fmt.Errorf("restore: %w", err)
	}
	return restored, moveIn(staging, dir)
}

// contents lists what is in a state directory, but for what is in every one and
// what was set aside before.
func contents(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		if name != "lock" && name != stagingName && !strings.HasPrefix(name, asidePrefix) {
			names = append(names, name)
		}
	}
	return names, nil
}

// unpack writes the parts of a backup into a new directory and verifies them.
func unpack(r io.Reader, staging string) (Manifest, error) {
	var manifest Manifest
	if err := os.Mkdir(staging, 0o700); err != nil {
		return manifest, err
	}
	archive := tar.NewReader(r)
	head, err := archive.Next()
	if err != nil || head.Name != manifestName {
		return manifest, fmt.Errorf("%w: it does not begin with a manifest", ErrNotABackup)
	}
	text, err := io.ReadAll(io.LimitReader(archive, maxManifest))
	if err != nil {
		return manifest, fmt.Errorf("%w: %w", ErrNotABackup, err)
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return manifest, fmt.Errorf("%w: read its manifest: %w", ErrNotABackup, err)
	}
	if manifest.Format != format {
		return manifest, fmt.Errorf("%w: it has format %d, this program reads %d", ErrNotABackup, manifest.Format, format)
	}
	names := []string{identity.FileName, messagesName}
	if !slices.EqualFunc(manifest.Parts, names, func(part Part, name string) bool { return part.Name == name }) {
		return manifest, fmt.Errorf("%w: its parts are not those of a backup", ErrNotABackup)
	}
	for _, part := range manifest.Parts {
		if err := unpackPart(archive, staging, part); err != nil {
			return manifest, err
		}
	}
	return manifest, nil
}

// unpackPart writes the next part of an archive into staging.
func unpackPart(archive *tar.Reader, staging string, part Part) error {
	head, err := archive.Next()
	if err != nil || head.Name != part.Name || head.Size != part.Size {
		return fmt.Errorf("%w: %s is missing", ErrNotABackup, part.Name)
	}
	if part.Name == identity.FileName && part.Size > maxKeyFile {
		return fmt.Errorf("%w: %s is too large", ErrNotABackup, part.Name)
	}
	file, err := os.OpenFile(filepath.Join(staging, part.Name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(file, hash), archive)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("%w: it ends in the middle of %s", ErrNotABackup, part.Name)
		}
		return err
	}
	if hex.EncodeToString(hash.Sum(nil)) != part.SHA256 {
		return fmt.Errorf("%w: %s is damaged", ErrNotABackup, part.Name)
	}
	return nil
}

// prepare checks what was unpacked and makes the copy of the store one that may
// be written to.
func prepare(ctx context.Context, staging string, manifest Manifest, now time.Time) error {
	self, err := identity.LoadOrCreate(staging)
	if err != nil {
		return err
	}
	if self.Key().String() != manifest.Key {
		return fmt.Errorf("%w: its key is not the one of its manifest", ErrNotABackup)
	}
	return store.Revive(ctx, staging, now)
}

// setAside moves the state of another life into a directory of its own. Files of
// the user's stay where they are.
func setAside(dir string, names []string, now time.Time) (string, error) {
	names = slices.DeleteFunc(names, func(name string) bool {
		return !strings.HasPrefix(name, identity.FileName) && !strings.HasPrefix(name, messagesName) && !strings.HasPrefix(name, indexName)
	})
	if len(names) == 0 {
		return "", nil
	}
	aside := filepath.Join(dir, asidePrefix+now.UTC().Format("20060102T150405.000Z"))
	if err := os.Mkdir(aside, 0o700); err != nil {
		return "", err
	}
	for _, name := range names {
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(aside, name)); err != nil {
			return aside, err
		}
	}
	return aside, nil
}

// moveIn takes the parts into use. The key comes first: messages without it would
// become those of another peer.
func moveIn(staging, dir string) error {
	for _, name := range []string{identity.FileName, messagesName} {
		if err := os.Rename(filepath.Join(staging, name), filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("restore: %w", err)
		}
	}
	if err := statedir.Sync(dir); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}
