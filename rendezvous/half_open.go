package rendezvous

import (
	"container/list"
	"net"
	"net/netip"
	"sync"
)

// halfOpen counts the connections that have not said a valid Hello yet and
// keeps them within maxHalfOpen and maxHalfOpenPerSource. Safe for concurrent use.
type halfOpen struct {
	mu      sync.Mutex
	order   [standings]*list.List // of *stranger, the oldest first
	sources map[netip.Prefix]int
	isShut  bool
}

// A standing says who gives way when there are too many strangers, the lowest first,
// and who is served first, the highest. What a flood of connections has most of
// costs its author least.
type standing int

const (
	excessive standing = iota // its source connects more often than connectRate
	silent                    // has not said a whole ClientHello
	spoken                    // has
	answered                  // has gone on after our flight, which a copied ClientHello cannot
	familiar                  // comes from where a member has been logged in
	standings = iota
)

// stranger is one half-open connection.
type stranger struct {
	home      *halfOpen
	conn      net.Conn
	source    netip.Prefix
	standing  standing
	place     *list.Element
	pushedOut chan struct{} // closed when it had to give way
	turn      chan struct{} // closed when it is its turn; nil unless it waits: see turns
}

func newHalfOpen() *halfOpen {
	h := &halfOpen{sources: map[netip.Prefix]int{}}
	for r := range h.order {
		h.order[r] = list.New()
	}
	return h
}

// enter takes conn in, or returns nil when its source has too many, or after shut.
// When there are too many in all, one has to give way: of the lowest standing there
// is, the oldest, which had its time.
func (h *halfOpen) enter(conn net.Conn, source netip.Prefix, standing standing) *stranger {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.isShut || h.sources[source] >= maxHalfOpenPerSource {
		return nil
	}
	if h.count() >= maxHalfOpen {
		h.pushOut()
	}
	s := &stranger{home: h, conn: conn, source: source, standing: standing, pushedOut: make(chan struct{})}
	s.place = h.order[s.standing].PushBack(s)
	h.sources[source]++
	return s
}

// rise notes that s has got further. The excessive stay what they are.
func (s *stranger) rise(to standing) {
	h := s.home
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.place == nil || s.standing == excessive || s.standing >= to {
		return
	}
	h.order[s.standing].Remove(s.place)
	s.standing = to
	s.place = h.order[to].PushBack(s)
}

// leave lets s go: it logged in, was refused or hung up. It may come after s
// was pushed out.
func (h *halfOpen) leave(s *stranger) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remove(s)
}

// len returns how many there are.
func (h *halfOpen) len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count()
}

// shut closes every half-open connection and lets no further one in: one that was
// accepted just before would log in to a server that is gone, and keep it from ending.
func (h *halfOpen) shut() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.isShut = true
	for _, order := range h.order {
		for e := order.Front(); e != nil; e = e.Next() {
			_ = e.Value.(*stranger).conn.Close()
		}
	}
}

func (h *halfOpen) count() (count int) {
	for _, order := range h.order {
		count += order.Len()
	}
	return count
}

// pushOut closes the connection that gives way.
func (h *halfOpen) pushOut() {
	for _, order := range h.order {
		if oldest := order.Front(); oldest != nil {
			s := oldest.Value.(*stranger)
			reset(s.conn)
			close(s.pushedOut)
			h.remove(s)
			return
		}
	}
}

func (h *halfOpen) remove(s *stranger) {
	if s.place == nil {
		return
	}
	h.order[s.standing].Remove(s.place)
	s.place = nil
	if h.sources[s.source]--; h.sources[s.source] == 0 {
		delete(h.sources, s.source)
	}
}

// reset closes a connection without a farewell, and without the minutes for which
// the system would remember it.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// sourceOf returns what strangers are counted under: an IPv4 address or the /56 of
// an IPv6 one, which is what one customer has.
func sourceOf(addr net.Addr) netip.Prefix { return prefixOf(addrOf(addr).Addr(), 32, 56) }

// addrOf returns the unmapped form of a TCP or UDP address, without its zone.
func addrOf(a net.Addr) netip.AddrPort {
	var at netip.AddrPort
	switch a := a.(type) {
	case *net.TCPAddr:
		at = a.AddrPort()
	case *net.UDPAddr:
		at = a.AddrPort()
	}
	return netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port())
}
