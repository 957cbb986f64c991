package rendezvous

import (
	"bytes"

	bolt "go.etcd.io/bbolt"

	"peerd/internal/name"
	"peerd/wire"
)

// isMembersName reports whether a fold is that of a member's name. When the state
// cannot tell, it is.
func (s *state) isMembersName(fold string) bool {
	taken := false
	err := s.view("look up a name", func(tx *bolt.Tx) error {
		taken = tx.Bucket(namesBucket).Get([]byte(fold)) != nil
		return nil
	})
	return taken || err != nil
}

// bindName binds wish, already normalised, to key, first come first served,
// and frees the name the key had. It returns wire.Refused when another key has
// the name, or when there is no name at all.
func bindName(tx *bolt.Tx, key wire.Key, had, wish string) error {
	if wish == "" {
		return wire.Refused{Code: wire.RefusedNameInvalid, Detail: "a new member needs a name"}
	}
	names := tx.Bucket(namesBucket)
	owner := names.Get([]byte(name.Fold(wish)))
	if owner != nil && !bytes.Equal(owner, key[:]) {
		return wire.Refused{Code: wire.RefusedNameTaken}
	}
	if had != "" {
		if err := names.Delete([]byte(name.Fold(had))); err != nil {
			return err
		}
	}
	return names.Put([]byte(name.Fold(wish)), key[:])
}
