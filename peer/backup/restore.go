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
	"io/fs"
	"os"
	"path"
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
	root, err := statedir.Open(dir)
	if err != nil {
		return restored, fmt.Errorf("restore: %w", err)
	}
	defer root.Close()
	release, err := store.Hold(dir)
	if err != nil {
		return restored, err
	}
	defer func() { err = errors.Join(err, release()) }()
	occupied, err := contents(root)
	switch {
	case err != nil:
		return restored, fmt.Errorf("restore: %w", err)
	case len(occupied) > 0 && !force:
		return restored, &NotEmptyError{dir}
	}
	if err := root.RemoveAll(stagingName); err != nil {
		return restored, fmt.Errorf("restore: %w", err)
	}
	defer func() { err = errors.Join(err, root.RemoveAll(stagingName)) }()
	if restored.Manifest, err = unpack(r, root); err != nil {
		return restored, fmt.Errorf("restore: %w", err)
	}
	if err := prepare(ctx, filepath.Join(dir, stagingName), restored.Manifest, now); err != nil {
		return restored, fmt.Errorf("restore: %w", err)
	}
	if restored.SetAside, err = setAside(root, occupied, now); err != nil {
		return restored, fmt.Errorf("restore: %w", err)
	}
	return restored, moveIn(root)
}

// Interrupted reports whether a Restore to dir was killed. It has to be run again: what
// was in dir may be set aside, and what is to take its place not be there.
func Interrupted(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, stagingName))
	return err == nil
}

// contents lists what is in a state directory, but for what is in every one and
// what was set aside before.
func contents(root *os.Root) ([]string, error) {
	entries, err := fs.ReadDir(root.FS(), ".")
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

// unpack writes the parts of a backup into a new directory and verifies them. What the
// archive calls them decides nothing: it holds these parts, in this order, and no
// others, or is refused.
func unpack(r io.Reader, root *os.Root) (manifest Manifest, err error) {
	if err := root.Mkdir(stagingName, 0o700); err != nil {
		return manifest, err
	}
	archive := tar.NewReader(r)
	head, err := archive.Next()
	if err != nil || head.Name != manifestName || !isPlain(head) {
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
		if err := unpackPart(archive, root, part); err != nil {
			return manifest, err
		}
	}
	if _, err := archive.Next(); !errors.Is(err, io.EOF) {
		return manifest, fmt.Errorf("%w: there is more in it than a backup has", ErrNotABackup)
	}
	return manifest, nil
}

// isPlain reports whether a part is a file and nothing else. The zeros of a sparse one
// are not in the archive: a few bytes of it would fill our disk.
func isPlain(head *tar.Header) bool {
	for record := range head.PAXRecords {
		if strings.HasPrefix(record, "GNU.sparse.") {
			return false
		}
	}
	return head.Typeflag == tar.TypeReg
}

// unpackPart writes the next part of an archive into the staging directory.
func unpackPart(archive *tar.Reader, root *os.Root, part Part) error {
	head, err := archive.Next()
	if err != nil || head.Name != part.Name || head.Size != part.Size || !isPlain(head) {
		return fmt.Errorf("%w: %s is missing", ErrNotABackup, part.Name)
	}
	if part.Name == identity.FileName && part.Size > maxKeyFile {
		return fmt.Errorf("%w: %s is too large", ErrNotABackup, part.Name)
	}
	file, err := root.OpenFile(path.Join(stagingName, part.Name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
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
func setAside(root *os.Root, names []string, now time.Time) (string, error) {
	names = slices.DeleteFunc(names, func(name string) bool {
		return !strings.HasPrefix(name, identity.FileName) && !strings.HasPrefix(name, messagesName) && !strings.HasPrefix(name, indexName)
	})
	if len(names) == 0 {
		return "", nil
	}
	aside := asidePrefix + now.UTC().Format("20060102T150405.000Z")
	if err := root.Mkdir(aside, 0o700); err != nil {
		return "", err
	}
	where := filepath.Join(root.Name(), aside)
	for _, name := range names {
		if err := root.Rename(name, path.Join(aside, name)); err != nil {
			return where, err
		}
	}
	return where, statedir.Sync(where)
}

// moveIn takes the parts into use. The key comes last: a daemon that starts in between
// refuses messages without their key (peer.ErrKeyLost), but to a key without messages it
// would give numbers that were used.
func moveIn(root *os.Root) error {
	for _, name := range []string{messagesName, identity.FileName} {
		if err := root.Rename(path.Join(stagingName, name), name); err != nil {
			return fmt.Errorf("restore: %w", err)
		}
	}
	if err := statedir.Sync(root.Name()); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}
