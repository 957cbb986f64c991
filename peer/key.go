package peer

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"peerd/internal/identity"
	"peerd/peer/backup"
	"peerd/peer/store"
)

// ErrKeyLost is returned when a state directory holds a peer's messages and not its key.
var ErrKeyLost = errors.New("the key is gone, by which others know this peer")

// loadKey returns the identity of the peer in dir, and draws one for a new peer. A member
// does not get another: to its contacts it would be somebody else who has taken its name.
// Nor does whoever is in the middle of being restored.
func loadKey(dir string, opened *store.Store) (*identity.Identity, error) {
	member, err := savedMembership(opened)
	if err != nil {
		return nil, err
	}
	if member.Address == "" && !backup.Interrupted(dir) {
		return identity.LoadOrCreate(dir)
	}
	self, err := identity.Load(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, identity.FileName), ErrKeyLost)
	}
	return self, err
}
