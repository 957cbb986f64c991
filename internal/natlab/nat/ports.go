package nat

import "math/rand/v2"

// A portSpace is the outside ports of one protocol.
type portSpace struct {
	behaviour *Behaviour
	random    *rand.Rand
	owner     map[uint16]*mapping
	last      int // what sequential allocation gave out last, counted from the first port of the block
}

func newPortSpace(behaviour *Behaviour, random *rand.Rand) *portSpace {
	s := &portSpace{behaviour: behaviour, random: random, owner: map[uint16]*mapping{}}
	s.last = s.size()/4 + random.IntN(max(1, s.size()/2)) // far from both ends, where a sequence begins anew
	return s
}

func (s *portSpace) size() int { return int(s.behaviour.lastPort()) - int(s.behaviour.firstPort()) + 1 }

// allocate gives m a port and reports whether there was one. If the one it should get is taken, it gets the next.
func (s *portSpace) allocate(m *mapping) bool {
	if len(s.owner) >= s.size() {
		return false
	}
	port := s.wish(m.inside.port)
	for s.owner[s.port(port)] != nil {
		port = (port + 1) % s.size()
	}
	s.last = port
	m.port = s.port(port)
	s.owner[m.port] = m
	return true
}

// wish is the port that a mapping should get, counted from the first of the block.
func (s *portSpace) wish(inside uint16) int {
	switch s.behaviour.Allocation {
	case Preserving:
		first, last := s.behaviour.firstPort(), s.behaviour.lastPort()
		if first <= inside && inside <= last && s.owner[inside] == nil {
			return int(inside - first)
		}
	case Sequential:
		size := s.size()
		return ((s.last+s.behaviour.step())%size + size) % size
	}
	return s.random.IntN(s.size())
}

func (s *portSpace) port(index int) uint16 { return s.behaviour.firstPort() + uint16(index) }
