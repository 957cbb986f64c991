package punch

import (
	"slices"
	"time"

	"peerd/wire"
)

const (
	// maxReflexive bounds the candidates learned from the peer's probes. A
	// peer behind a router that changes ports needs a few; one that sends from
	// many endpoints must not make us remember them all.
	maxReflexive = 8
	// maxNamed bounds the candidates named in one search, which several
	// introductions may make: those of the first, and what a few predictions add.
	maxNamed = 3 * wire.MaxCandidates
	// triggeredSpacing is the least time between a probe and a triggered check
	// of the same candidate, so that the peer's volley does not double ours.
	triggeredSpacing = 10 * time.Millisecond
)

// checks are the candidates of the current introduction, those the
// rendezvous named first, then those learned from the peer's probes.
type checks struct {
	candidates []*candidate
	// reflexive counts the learned ones; it never exceeds maxReflexive.
	reflexive int
}

// replace begins the checks of a new introduction. The path in use stays and
// is checked again with the others: the peer may have lost it.
func (s *checks) replace(named []Candidate, current *candidate, start time.Time) {
	old := *s
	*s = checks{}
	for _, name := range named[:min(len(named), wire.MaxCandidates)] {
		way := byMain(name.Endpoint)
		if s.find(way) != nil {
			continue
		}
		c := &candidate{route: way, kind: name.Kind}
		if current != nil && current.route == way {
			c = current
		}
		s.candidates = append(s.candidates, c)
	}
	if current != nil && s.find(current.route) == nil {
		s.candidates = append(s.candidates, current)
		s.reflexive++
	}
	for _, c := range s.candidates {
		c.volley = volley{start: start}
		c.validated = false
	}
	s.keepUnproven(old)
}

// add begins the checks of candidates named in addition.
func (s *checks) add(named []Candidate, start time.Time) {
	for _, name := range named {
		known := len(s.candidates) - s.reflexive
		if known >= maxNamed {
			return
		}
		if c := s.find(byMain(name.Endpoint)); c == nil {
			c = &candidate{route: byMain(name.Endpoint), kind: name.Kind, volley: volley{start: start}}
			s.candidates = slices.Insert(s.candidates, known, c)
		} else {
			c.named(name.Kind, start)
		}
	}
}

// forget drops the candidates that need a socket which is closed.
func (s *checks) forget(id SocketID) {
	for i := len(s.candidates) - 1; i >= len(s.candidates)-s.reflexive; i-- {
		if s.candidates[i].socket == id {
			s.candidates = slices.Delete(s.candidates, i, i+1)
			s.reflexive--
		}
	}
}

// keepUnproven keeps what the peer's probes taught us before the introduction
// itself arrived.
func (s *checks) keepUnproven(old checks) {
	for _, c := range old.candidates[len(old.candidates)-old.reflexive:] {
		if s.reflexive < maxReflexive && s.find(c.route) == nil {
			s.candidates = append(s.candidates, c)
			s.reflexive++
		}
	}
}

// addReflexive adds an endpoint the peer was seen at, in place of the oldest
// learned one that is not in use when there are too many.
func (s *checks) addReflexive(way route, current *candidate) *candidate {
	c := &candidate{route: way}
	if s.reflexive < maxReflexive {
		s.candidates = append(s.candidates, c)
		s.reflexive++
		return c
	}
	learned := s.candidates[len(s.candidates)-s.reflexive:]
	for i, old := range learned {
		if old != current {
			copy(learned[i:], learned[i+1:])
			learned[len(learned)-1] = c
			break
		}
	}
	return c
}

// fireFrom begins a volley on a route from a socket of our own.
func (s *checks) fireFrom(way route, current *candidate, start time.Time) {
	c := s.find(way)
	if c == nil {
		c = s.addReflexive(way, current)
	}
	c.volley = volley{start: start}
}

func (s *checks) find(way route) *candidate {
	for _, c := range s.candidates {
		if c.route == way {
			return c
		}
	}
	return nil
}

// wake returns when the next shot is due.
func (s *checks) wake() time.Time {
	var first time.Time
	for _, c := range s.candidates {
		if !c.validated {
			first = earliest(first, c.volley.next())
		}
	}
	return first
}
