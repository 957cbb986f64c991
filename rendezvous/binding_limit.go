package rendezvous

import (
	"net/netip"
	"time"
)

// mayAnswer reports whether a plain STUN client at source may have an answer
// now: they are rationed per network.
func (s *Server) mayAnswer(source netip.Addr, now time.Time) bool {
	return s.bindings.Take(prefixOf(source, 24, 48), now)
}

// prefixOf returns the network that source is counted under.
func prefixOf(source netip.Addr, bits4, bits6 int) netip.Prefix {
	source = source.Unmap().WithZone("")
	bits := bits6
	if source.Is4() {
		bits = bits4
	}
	prefix, _ := source.Prefix(bits) // only fails for more bits than there are
	return prefix
}
