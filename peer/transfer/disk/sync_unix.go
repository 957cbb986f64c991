//go:build unix

package disk

import (
	"errors"
	"os"
)

// syncFolder makes the names in a folder durable.
func syncFolder(root *os.Root, name string) error {
	folder, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
