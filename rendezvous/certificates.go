package rendezvous

import (
	"crypto/ed25519"
	"time"

	bolt "go.etcd.io/bbolt"

	"peerd/internal/name"
	"peerd/roster"
	"peerd/wire"
)

// A rendezvous that has lost its state file, but not its key, knows nobody. Every
// member has a certificate from it, of which we keep no copy, and is a member again
// when it comes, under the name it had:
//
//	Welcome {certificate} ─▶ member keeps it ─▶ Hello {certificate} ─▶ member, name
//
// Those who are away have no names meanwhile: nothing tells us of them. Strangers
// have no way in either, as all invites are gone, until the operator makes one; who
// then takes the name of an absent member loses it when that member comes back.
// Peers who knew the member refuse the other key all the time.

// certificate says that a member is one, in the form that members keep.
func (s *Server) certificate(key wire.Key, m member) []byte {
	c := wire.Certificate{Name: m.Name, Bound: m.boundAt()}
	copy(c.Signature[:], s.identity.Sign(wire.CertificateStatement(s.config.Circle, key, c.Name, c.Bound)))
	return c.Append(nil)
}

// readmit makes a key that we do not know a member again if it has a certificate of
// ours. One that was removed we do know: its certificates are from before. Whoever had
// its name meanwhile is logged out. A certificate that is not good changes nothing: an
// invite may be. Who calls it holds admission alone if isReturning.
func (s *Server) readmit(key wire.Key, shown []byte) error {
	if len(shown) == 0 {
		return nil
	}
	if _, found, err := s.state.member(key); found || err != nil {
		return err
	}
	if removed, err := s.state.wasRemoved(key); removed || err != nil {
		return err
	}
	c, good := s.certified(key, shown)
	if !good {
		s.log.Debug().Stringer("key", key).Msg("certificate is not ours")
		return nil
	}
	evicted, err := s.state.restore(key, c.Name, c.Bound)
	if err != nil {
		return err
	}
	s.log.Info().Stringer("key", key).Str("name", c.Name).Msg("member is back by its certificate")
	if evicted != nil {
		s.log.Warn().Stringer("key", *evicted).Str("name", c.Name).Msg("name goes back to the member that had it before the state was lost")
		s.hub.expel(*evicted, "the member who had this name before is back: choose another")
	}
	return nil
}

// isReturning reports whether a login is one that readmit may take somebody's name for.
func (s *Server) isReturning(key wire.Key, shown []byte) bool {
	if _, known, err := s.state.member(key); known || err != nil {
		return false
	}
	_, good := s.certified(key, shown)
	return good
}

// certified returns what a certificate says if it is ours, and the key's.
func (s *Server) certified(key wire.Key, shown []byte) (wire.Certificate, bool) {
	c, err := wire.ParseCertificate(shown)
	if err != nil {
		return c, false
	}
	ours := s.identity.Key()
	return c, ed25519.Verify(ours[:], wire.CertificateStatement(s.config.Circle, key, c.Name, c.Bound), c.Signature[:])
}

// restore makes key a member, with a name that it has had since bound unless another
// member has a better right to it. It returns the key that had the name, if one did. It
// changes nothing for who is a member already: two logins may show one certificate.
func (s *state) restore(key wire.Key, had string, bound time.Time) (evicted *wire.Key, err error) {
	err = s.update("admit a member by its certificate", func(tx *bolt.Tx) (err error) {
		members, names := tx.Bucket(membersBucket), tx.Bucket(namesBucket)
		if members.Get(key[:]) != nil {
			return nil
		}
		if members.Stats().KeyN >= roster.MaxMembers {
			return wire.Refused{Code: wire.RefusedBusy, Detail: "the circle is full"}
		}
		m := member{Name: had, Joined: bound, Named: bound}
		if owner := names.Get([]byte(name.Fold(had))); owner != nil {
			holder := wire.Key(owner)
			if m.Named, err = takeName(tx, holder, bound); err != nil {
				return err
			}
			if m.Named.IsZero() { // it has to choose another
				m.Name = ""
				return put(members, key[:], m)
			}
			evicted = &holder
		}
		if err := names.Put([]byte(name.Fold(had)), key[:]); err != nil {
			return err
		}
		return put(members, key[:], m)
	})
	return evicted, err
}

// takeName takes the name of its holder if whoever proves to have had it since bound
// has a better right. It returns since when the name is the other's, later than the
// holder's certificate says; zero when the holder keeps it.
func takeName(tx *bolt.Tx, holder wire.Key, bound time.Time) (since time.Time, err error) {
	var m member
	if _, err := get(tx.Bucket(membersBucket), holder[:], &m); err != nil {
		return since, err
	}
	var begun origin
	if _, err := get(tx.Bucket(settingsBucket), originKey, &begun); err != nil {
		return since, err
	}
	had := m.boundAt()
	if !begun.yields(had, bound) {
		return since, nil
	}
	m.Name = ""
	since = bound
	if !since.After(had) {
		since = had.Add(1)
	}
	return since, put(tx.Bucket(membersBucket), holder[:], m)
}

// yields reports whether a name that somebody had since had goes to whoever proves
// to have had it since bound. Who got it after the state was lost got it because
// we did not know better; else the later of the two is who has it now.
func (o origin) yields(had, bound time.Time) bool {
	return bound.Before(o.At) && !had.Before(o.At) || bound.After(had)
}
