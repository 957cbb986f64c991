package disk

import (
	"errors"
	"io/fs"
	"os"
	"path"
)

// manifests is the folder, in the state directory, of the manifests of what we
// offer: what has to be sent as it was when it was offered.
const manifests = "offers"

// KeepManifest stores the manifest of an offer of ours, durably.
func KeepManifest(dir, id string, manifest []byte) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.MkdirAll(manifests, 0o700); err != nil {
		return err
	}
	file, err := root.OpenFile(path.Join(manifests, id), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(manifest)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return errors.Join(syncFolder(root, manifests), syncFolder(root, "."))
}

// ReadManifest returns what KeepManifest has stored.
func ReadManifest(dir, id string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.ReadFile(path.Join(manifests, id))
}

// ForgetManifest removes what KeepManifest has stored.
func ForgetManifest(dir, id string) error {
	return inFolder(dir, func(root *os.Root) error {
		err := root.Remove(path.Join(manifests, id))
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	})
}

// TidyManifests forgets all manifests but those that keep names.
func TidyManifests(dir string, keep func(id string) bool) error {
	return inFolder(dir, func(root *os.Root) error { return tidy(root, manifests, keep) })
}

// tidy removes everything in a folder below root but what keep names.
func tidy(root *os.Root, folder string, keep func(name string) bool) error {
	found, err := fs.ReadDir(root.FS(), folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, entry := range found {
		if !keep(entry.Name()) {
			err = errors.Join(err, root.RemoveAll(path.Join(folder, entry.Name())))
		}
	}
	return err
}

// inFolder does work in the folder at dir, if there is one.
func inFolder(dir string, work func(*os.Root) error) error {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(work(root), root.Close())
}
