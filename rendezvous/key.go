package rendezvous

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"peerd/internal/identity"
)

// loadKey returns the key of the rendezvous in dir, and draws one for a new rendezvous.
// One that has let in or invited anybody does not get another: they have pinned the one
// that is gone, and would refuse to log in with nobody telling the operator why.
func (s *state) loadKey(dir string) (*identity.Identity, error) {
	known, err := s.isKnown()
	if err != nil {
		return nil, err
	}
	if !known {
		return identity.LoadOrCreate(dir)
	}
	self, err := identity.Load(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, hinted(fmt.Errorf("the key %s is gone, by which its peers know this rendezvous", filepath.Join(dir, identity.FileName)),
			"restore it from a backup; to begin anew with another key, move "+stateFile+" away, and invite everybody again")
	}
	return self, err
}

// isKnown reports whether somebody was told the key: a member, or who has an invite.
func (s *state) isKnown() (known bool, err error) {
	err = s.view("look for members and invites", func(tx *bolt.Tx) error {
		for _, bucket := range [][]byte{membersBucket, invitesBucket} {
			first, _ := tx.Bucket(bucket).Cursor().First()
			known = known || first != nil
		}
		return nil
	})
	return known, err
}
