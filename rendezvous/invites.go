package rendezvous

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"peerd/internal/invite"
	"peerd/wire"
)

// What an invite allows when nobody says otherwise.
const (
	// DefaultInviteUses is how many peers may join with one invite.
	DefaultInviteUses = 16
	// DefaultInviteLife is how long an invite can be used: a link that leaks
	// from a chat log next month opens nothing.
	DefaultInviteLife = 24 * time.Hour
	// keepExpired is how long an expired invite is still listed, and a late
	// comer told that it expired. For ever would let the state file grow.
	keepExpired = 30 * 24 * time.Hour
)

// ErrNoSuchInvite says that no invite has the given id.
var ErrNoSuchInvite = errors.New("no such invite")

// InviteState says whether an invite can still be used.
type InviteState string

// The states of an invite.
const (
	InviteOpen    InviteState = "open"
	InviteUsedUp  InviteState = "used up"
	InviteExpired InviteState = "expired"
	InviteRevoked InviteState = "revoked"
)

// Invite describes an invite; the secret string itself is shown once, when the
// invite is created, and kept nowhere.
type Invite struct {
	ID       string      `json:"id"`
	State    InviteState `json:"state"`
	UsesLeft int         `json:"uses_left"`
	Uses     int         `json:"uses"`
	Created  time.Time   `json:"created"`
	Expires  time.Time   `json:"expires"`
}

// storedInvite is an invite at rest: of its token, the hash.
type storedInvite struct {
	TokenHash []byte    `json:"token_sha256"`
	Number    uint64    `json:"number,omitempty"` // of the invites in the order they were made; 0: older than numbers
	UsesLeft  int       `json:"uses_left"`
	Uses      int       `json:"uses"`
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires"`
	Revoked   bool      `json:"revoked,omitempty"`
}

func (i storedInvite) state(now time.Time) InviteState {
	switch {
	case i.Revoked:
		return InviteRevoked
	case i.UsesLeft <= 0:
		return InviteUsedUp
	case !now.Before(i.Expires):
		return InviteExpired
	}
	return InviteOpen
}

func (i storedInvite) describe(id string, now time.Time) Invite {
	return Invite{ID: id, State: i.state(now), UsesLeft: i.UsesLeft, Uses: i.Uses, Created: i.Created, Expires: i.Expires}
}

// addInvite keeps an invite with the given token, and forgets those that
// expired long ago.
func (s *state) addInvite(token []byte, uses int, life time.Duration, now time.Time) (Invite, error) {
	hash := invite.Hash(token)
	id := strings.ToLower(rand.Text()[:8])
	stored := storedInvite{
		TokenHash: hash[:], UsesLeft: uses, Uses: uses,
		Created: now.UTC().Truncate(time.Second), Expires: now.Add(life).UTC().Truncate(time.Second),
	}
	err := s.update("keep an invite", func(tx *bolt.Tx) error {
		if err := forgetExpired(tx, now.Add(-keepExpired)); err != nil {
			return err
		}
		var err error
		if stored.Number, err = tx.Bucket(invitesBucket).NextSequence(); err != nil {
			return err
		}
		return put(tx.Bucket(invitesBucket), []byte(id), stored)
	})
	return stored.describe(id, now), err
}

// forgetExpired deletes the invites that expired before the given time.
func forgetExpired(tx *bolt.Tx, before time.Time) error {
	var old []string
	err := eachInvite(tx, func(id string, i storedInvite) {
		if i.Expires.Before(before) {
			old = append(old, id)
		}
	})
	for _, id := range old {
		err = errors.Join(err, tx.Bucket(invitesBucket).Delete([]byte(id)))
	}
	return err
}

// invites lists every invite there was, by id.
func (s *state) invites(now time.Time) ([]Invite, error) {
	list := []Invite{}
	err := s.view("list the invites", func(tx *bolt.Tx) error {
		return eachInvite(tx, func(id string, i storedInvite) { list = append(list, i.describe(id, now)) })
	})
	return list, err
}

// revoke ends an invite. Who joined with it stays a member.
func (s *state) revoke(id string) error {
	return s.update("revoke an invite", func(tx *bolt.Tx) error {
		bucket := tx.Bucket(invitesBucket)
		var stored storedInvite
		found, err := get(bucket, []byte(id), &stored)
		if err != nil {
			return err
		}
		if !found {
			return ErrNoSuchInvite
		}
		stored.Revoked = true
		return put(bucket, []byte(id), stored)
	})
}

// redeem takes one use of the invite with this token and returns it, or
// wire.Refused. Every stored hash is compared, in constant time, so the answer's
// delay says nothing about how close a guess was.
func redeem(tx *bolt.Tx, token []byte, now time.Time) (id string, stored storedInvite, err error) {
	hash := invite.Hash(token)
	err = eachInvite(tx, func(candidate string, i storedInvite) {
		if subtle.ConstantTimeCompare(i.TokenHash, hash[:]) == 1 {
			id, stored = candidate, i
		}
	})
	if err != nil {
		return id, stored, err
	}
	if id == "" {
		return id, stored, wire.Refused{Code: wire.RefusedInviteUnknown}
	}
	switch stored.state(now) {
	case InviteRevoked:
		return id, stored, wire.Refused{Code: wire.RefusedInviteRevoked}
	case InviteUsedUp:
		return id, stored, wire.Refused{Code: wire.RefusedInviteUsedUp}
	case InviteExpired:
		return id, stored, wire.Refused{Code: wire.RefusedInviteExpired}
	}
	stored.UsesLeft--
	return id, stored, put(tx.Bucket(invitesBucket), []byte(id), stored)
}

func eachInvite(tx *bolt.Tx, visit func(id string, i storedInvite)) error {
	bucket := tx.Bucket(invitesBucket)
	return bucket.ForEach(func(id, _ []byte) error {
		var stored storedInvite
		if _, err := get(bucket, id, &stored); err != nil {
			return err
		}
		visit(string(id), stored)
		return nil
	})
}
