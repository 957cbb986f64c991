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
	order   *list.List // of *stranger, the oldest first
	sources map[netip.Prefix]int
}

// stranger is one half-open connection.
type stranger struct {
	conn   net.Conn
	source netip.Prefix
	place  *list.Element
}

func newHalfOpen() *halfOpen {
	return &halfOpen{order: list.New(), sources: map[netip.Prefix]int{}}
}

// enter takes conn in, or returns nil when its source has too many. When there
// are too many in all, the oldest is closed: it had its time.
func (h *halfOpen) enter(conn net.Conn) *stranger {
	source := prefixOf(addrOf(conn.RemoteAddr()).Addr(), 32, 56)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sources[source] >= maxHalfOpenPerSource {
		return nil
	}
	if h.order.Len() >= maxHalfOpen {
		oldest := h.order.Front().Value.(*stranger)
		_ = oldest.conn.Close()
		h.remove(oldest)
	}
	s := &stranger{conn: conn, source: source}
	s.place = h.order.PushBack(s)
	h.sources[source]++
	return s
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
	return h.order.Len()
}

// closeAll closes every half-open connection.
func (h *halfOpen) closeAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for e := h.order.Front(); e != nil; e = e.Next() {
		_ = e.Value.(*stranger).conn.Close()
	}
}

func (h *halfOpen) remove(s *stranger) {
	if s.place == nil {
		return
	}
	h.order.Remove(s.place)
	s.place = nil
	if h.sources[s.source]--; h.sources[s.source] == 0 {
		delete(h.sources, s.source)
	}
}

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
