package rendezvous

import (
	"maps"
	"time"

	bolt "go.etcd.io/bbolt"

	"peerd/roster"
	"peerd/wire"
)

// member is what the state file holds of one member of the circle.
type member struct {
	Name   string    `json:"name"` // empty while a member with an older right has it
	Joined time.Time `json:"joined"`
	Invite string    `json:"invite"`         // id of the invite it joined with; empty: see Open
	Open   bool      `json:"open,omitempty"` // it joined when anybody could; otherwise, without an invite, by a certificate
	Named  time.Time `json:"named,omitzero"` // when it got its name; zero: when it joined
	Seen   time.Time `json:"seen,omitzero"`  // last logout, written lazily
}

// boundAt is when m got its name.
func (m member) boundAt() time.Time {
	if m.Named.IsZero() {
		return m.Joined
	}
	return m.Named
}

// lastSeen is when m was last known to be there: whoever joined was.
func (m member) lastSeen() time.Time {
	if m.Seen.After(m.Joined) {
		return m.Seen
	}
	return m.Joined
}

// An applicant is somebody who logs in.
type applicant struct {
	key   wire.Key
	wish  string // normalised name; empty: the one it has
	token []byte // of an invite; empty: none
	// mayJoin is asked last before a stranger without an invite becomes a member, and
	// returns why it does not; nil: the circle is closed.
	mayJoin func(now time.Time) error
}

// admit decides whether a key may log in, and under which name. A stranger's
// token is redeemed, and a free name bound, in one transaction: of a hundred
// strangers with one invite for one use, one gets in. It returns wire.Refused
// when the answer is no; nothing is spent then.
//
// Strangers who have nothing that entitles them are told so before any name is looked
// at: their answer, and how long it takes, says nothing about who is in the circle.
func (s *state) admit(a applicant, now time.Time) (name string, err error) {
	settled := false
	err = s.view("look up a member", func(tx *bolt.Tx) error {
		var m member
		found, err := get(tx.Bucket(membersBucket), a.key[:], &m)
		settled = found && m.Name != "" && (a.wish == "" || a.wish == m.Name)
		name = m.Name
		return err
	})
	if err != nil || settled {
		return name, err
	}
	err = s.update("admit a member", func(tx *bolt.Tx) error {
		var m member
		found, err := get(tx.Bucket(membersBucket), a.key[:], &m)
		if err == nil && !found {
			m, err = entitle(tx, a, now)
		}
		if err != nil {
			return err
		}
		if err := bindName(tx, a.key, m.Name, a.wish); err != nil {
			return err
		}
		if !found {
			if err := enrol(tx, a, m, now); err != nil {
				return err
			}
		}
		name, m.Name, m.Named = a.wish, a.wish, now
		return put(tx.Bucket(membersBucket), a.key[:], m)
	})
	return name, err
}

// entitle returns the member that a stranger has a right to become, or why it has
// none. A use of its invite is taken.
func entitle(tx *bolt.Tx, a applicant, now time.Time) (member, error) {
	m := member{Joined: now}
	var past removal
	removed, err := get(tx.Bucket(removedBucket), a.key[:], &past)
	switch {
	case err != nil:
		return m, err
	case past.Banned:
		return m, past.refusal("")
	case len(a.token) > 0:
		var used storedInvite
		if m.Invite, used, err = redeem(tx, a.token, now); err == nil && removed && used.Number <= past.Invites {
			err = past.refusal("it was removed after this invite was made: ask for a new one")
		}
		return m, err
	case removed:
		return m, past.refusal("it was removed")
	case a.mayJoin == nil:
		return m, wire.Refused{Code: wire.RefusedNotMember}
	}
	m.Open = true
	return m, nil
}

// enrol makes room for a new member, and forgets that its key was removed once.
func enrol(tx *bolt.Tx, a applicant, m member, now time.Time) error {
	if m.Open {
		if err := a.mayJoin(now); err != nil {
			return err
		}
	}
	if tx.Bucket(membersBucket).Stats().KeyN >= roster.MaxMembers {
		return wire.Refused{Code: wire.RefusedBusy, Detail: "the circle is full"}
	}
	return tx.Bucket(removedBucket).Delete(a.key[:])
}

// member returns what is known of a key; found is false for a stranger's.
func (s *state) member(key wire.Key) (m member, found bool, err error) {
	err = s.view("look up a member", func(tx *bolt.Tx) error {
		found, err = get(tx.Bucket(membersBucket), key[:], &m)
		return err
	})
	return m, found, err
}

// members returns every member by key.
func (s *state) members() (map[wire.Key]member, error) {
	all := map[wire.Key]member{}
	err := s.view("list the members", func(tx *bolt.Tx) error {
		bucket := tx.Bucket(membersBucket)
		return bucket.ForEach(func(key, _ []byte) error {
			var m member
			if _, err := get(bucket, key, &m); err != nil {
				return err
			}
			all[wire.Key(key)] = m
			return nil
		})
	})
	return all, err
}

// keepSeen notes when members logged out. A crash before it costs the roster
// some minutes of "last seen", nothing else.
func (s *state) keepSeen(seen map[wire.Key]time.Time) error {
	if len(seen) == 0 {
		return nil
	}
	return s.update("note when members were seen", func(tx *bolt.Tx) error {
		bucket := tx.Bucket(membersBucket)
		for key, at := range maps.All(seen) {
			var m member
			found, err := get(bucket, key[:], &m)
			if err != nil {
				return err
			}
			if !found {
				continue
			}
			m.Seen = at
			if err := put(bucket, key[:], m); err != nil {
				return err
			}
		}
		return nil
	})
}
