package rendezvous

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"peerd/internal/name"
	"peerd/internal/printable"
	"peerd/wire"
)

// Who was removed is remembered by key, since names and certificates can be had anew:
//
//	member ──kick──▶ removed ──an invite made since then──▶ member
//	   │                ▲
//	   └─────ban──▶ banned, whatever it shows
//	                    └──unban──▶ removed
//
// A key that was removed is a stranger with a past: its certificates, which are older,
// count for nothing, nor do the invites that it may know, nor is an open circle open to
// it. All this is lost with the state file, which is why a key can be banned that is
// not a member (yet).

// What an operator may get wrong.
var (
	// ErrNoSuchMember says that no member has the given key.
	ErrNoSuchMember = errors.New("no such peer in the circle")
	// ErrNotBanned says that the given key is not banned.
	ErrNotBanned = errors.New("no such peer is banned")
)

// maxReason bounds the reason of a removal in bytes: it has to fit, with a few words
// before it, into what a Refused may say.
const maxReason = 128

// removal is what the state file holds of a key that was removed.
type removal struct {
	member           // as it was; zero when it never was one
	At     time.Time `json:"at"`
	Reason string    `json:"reason,omitempty"` // as the operator gave it
	Banned bool      `json:"banned,omitempty"`
	// Invites is the number of the last invite made before: only later ones admit
	// the key again. A number, as clocks are set.
	Invites uint64 `json:"invites"`
}

// refusal is what somebody with this past is told who has nothing that admits it.
func (r removal) refusal(detail string) wire.Refused {
	code := wire.RefusedNotMember
	if r.Banned {
		code, detail = wire.RefusedBanned, ""
	}
	switch {
	case r.Reason == "":
	case detail == "":
		detail = r.Reason
	default:
		detail += " (" + r.Reason + ")"
	}
	return wire.Refused{Code: code, Detail: detail}
}

// checkReason refuses what could not be told to the peer, or not be shown.
func checkReason(reason string) error {
	if len(reason) > maxReason || printable.Line(reason) != reason {
		return fmt.Errorf("a reason is one line of at most %d bytes", maxReason)
	}
	return nil
}

// remove ends the membership of a key, frees its name, and remembers r. A ban may come
// before there is a member. It returns what is remembered, or ErrNoSuchMember.
func (s *state) remove(key wire.Key, r removal) (removal, error) {
	if err := checkReason(r.Reason); err != nil {
		return r, err
	}
	err := s.update("remove a peer", func(tx *bolt.Tx) error {
		m, found, err := takeOut(tx, key)
		if err != nil {
			return err
		}
		var before removal
		if !found {
			if !r.Banned {
				return ErrNoSuchMember
			}
			if _, err := get(tx.Bucket(removedBucket), key[:], &before); err != nil {
				return err
			}
			m = before.member
		}
		if r.Seen.Before(m.Seen) {
			r.Seen = m.Seen
		}
		m.Seen = r.Seen
		r.member, r.Invites = m, tx.Bucket(invitesBucket).Sequence()
		return put(tx.Bucket(removedBucket), key[:], r)
	})
	return r, err
}

// takeOut deletes a member and its name.
func takeOut(tx *bolt.Tx, key wire.Key) (m member, found bool, err error) {
	members, names := tx.Bucket(membersBucket), tx.Bucket(namesBucket)
	if found, err = get(members, key[:], &m); !found || err != nil {
		return m, found, err
	}
	if fold := []byte(name.Fold(m.Name)); m.Name != "" && bytes.Equal(names.Get(fold), key[:]) {
		if err := names.Delete(fold); err != nil {
			return m, found, err
		}
	}
	return m, found, members.Delete(key[:])
}

// unban lets a banned key join again with an invite. It returns what is remembered,
// or ErrNotBanned.
func (s *state) unban(key wire.Key) (r removal, err error) {
	err = s.update("lift a ban", func(tx *bolt.Tx) error {
		removed := tx.Bucket(removedBucket)
		if _, err := get(removed, key[:], &r); err != nil {
			return err
		}
		if !r.Banned {
			return ErrNotBanned
		}
		r.Banned = false
		return put(removed, key[:], r)
	})
	return r, err
}

// wasRemoved reports whether key was removed, and has not joined again since.
func (s *state) wasRemoved(key wire.Key) (removed bool, err error) {
	err = s.view("look up a removal", func(tx *bolt.Tx) error {
		removed = tx.Bucket(removedBucket).Get(key[:]) != nil
		return nil
	})
	return removed, err
}

// banned returns every banned key.
func (s *state) banned() (map[wire.Key]removal, error) {
	all := map[wire.Key]removal{}
	err := s.view("list the bans", func(tx *bolt.Tx) error {
		bucket := tx.Bucket(removedBucket)
		return bucket.ForEach(func(key, _ []byte) error {
			var r removal
			if _, err := get(bucket, key, &r); err != nil {
				return err
			}
			if r.Banned {
				all[wire.Key(key)] = r
			}
			return nil
		})
	})
	return all, err
}

// remove ends the membership of a key for good, on disk and then everywhere else:
// when it returns, the peer is logged out, nothing is relayed for it, a login of its
// that was under way has been refused or ended, and where it lives it has no precedence
// in a flood any more.
func (s *Server) remove(key wire.Key, r removal) (removal, error) {
	s.admission.Lock()
	defer s.admission.Unlock()
	r.Seen = s.hub.lastOnline(key, r.At)
	r, err := s.state.remove(key, r)
	if err != nil {
		return r, err
	}
	farewell := "this key was removed from the circle"
	if r.Banned {
		farewell = "this key is banned from the circle"
	}
	if r.Reason != "" {
		farewell += ": " + r.Reason
	}
	s.hub.expel(key, farewell)
	s.familiar.forget(key)
	s.log.Info().Str("name", r.Name).Stringer("key", key).Bool("banned", r.Banned).Str("reason", r.Reason).Msg("removed")
	return r, nil
}

// expel logs a peer out, ends what is relayed for it, and takes it out of the roster.
func (h *hub) expel(key wire.Key, farewell string) {
	h.mu.Lock()
	c := h.online[key]
	delete(h.online, key)
	delete(h.seen, key)
	h.table.Remove(key)
	if c != nil {
		h.relay.forget(c)
	}
	h.mu.Unlock()
	h.rosterChanged()
	if c != nil {
		c.goodbye(wire.Goodbye{Reason: farewell})
	}
}

// lastOnline returns when key was last online, as far as it is not on disk: zero when
// there is nothing to add to that.
func (h *hub) lastOnline(key wire.Key, now time.Time) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.online[key] != nil {
		return now
	}
	return h.seen[key]
}
