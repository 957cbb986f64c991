package rendezvous

import (
	"net"
	"net/netip"
	"strconv"
	"testing"
)

// fakeConn is a connection from anywhere.
type fakeConn struct {
	net.Conn
	remote string
	closed bool
}

func (c *fakeConn) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(c.remote), 1))
}

func (c *fakeConn) Close() error {
	c.closed = true
	return nil
}

// from is an address of the flood's, another one for every number.
func from(number int) string {
	return netip.AddrFrom4([4]byte{198, 51, byte(number >> 8), byte(number)}).String()
}

// comes is a connection that is let in as a stranger's; the stranger is nil if it is not.
func comes(h *halfOpen, address string) (*fakeConn, *stranger) {
	conn := &fakeConn{remote: address}
	return conn, h.enter(conn, sourceOf(conn.RemoteAddr()), silent)
}

func TestT13OneSourceHasNoMoreThanItsShare(t *testing.T) {
	for _, c := range []struct {
		name  string
		same  func(number int) string // addresses of one source
		other string
	}{
		{"an IPv4 address", func(int) string { return "192.0.2.1" }, "192.0.2.2"},
		{"a /56 of IPv6", func(n int) string { return "2001:db8:0:" + strconv.FormatInt(int64(n%256), 16) + "::1" }, "2001:db8:0:100::1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHalfOpen()
			var last *stranger
			for n := range maxHalfOpenPerSource {
				if _, last = comes(h, c.same(n)); last == nil {
					t.Fatal("refused too early")
				}
			}
			if _, s := comes(h, c.same(7)); s != nil {
				t.Error("one more was taken")
			}
			if _, s := comes(h, c.other); s == nil {
				t.Error("another source was refused")
			}
			h.leave(last)
			if _, s := comes(h, c.same(7)); s == nil {
				t.Error("refused though one has left")
			}
		})
	}
}

func TestT13InAFloodWhoHasDoneLeastGivesWay(t *testing.T) {
	// fill has silent strangers come until no more fit without somebody giving way.
	fill := func(h *halfOpen) {
		for n := h.len(); n < maxHalfOpen; n++ {
			comes(h, from(n))
		}
	}
	t.Run("the oldest first", func(t *testing.T) {
		h := newHalfOpen()
		first, oldest := comes(h, "192.0.2.1")
		fill(h)
		if first.closed {
			t.Fatal("closed too early")
		}
		if _, s := comes(h, "203.0.113.1"); s == nil || !first.closed {
			t.Error("the newest was refused, or the oldest kept")
		}
		select {
		case <-oldest.pushedOut:
		default:
			t.Error("it is not told")
		}
		h.leave(oldest) // its goroutine notices later
		if h.len() != maxHalfOpen {
			t.Errorf("%d are held, want %d", h.len(), maxHalfOpen)
		}
	})
	t.Run("the silent before those who have spoken", func(t *testing.T) {
		h := newHalfOpen()
		conn, s := comes(h, "192.0.2.1")
		s.rise(spoken)
		for n := range 10 * maxHalfOpen {
			comes(h, from(n))
		}
		if conn.closed || h.len() != maxHalfOpen {
			t.Errorf("it gave way: %v; %d are held", conn.closed, h.len())
		}
	})
	t.Run("those who have spoken before those who have answered", func(t *testing.T) {
		h := newHalfOpen()
		conn, s := comes(h, "192.0.2.1")
		s.rise(spoken)
		s.rise(answered)
		for n := range 10 * maxHalfOpen {
			_, s := comes(h, from(n))
			s.rise(spoken)
		}
		if conn.closed || h.len() != maxHalfOpen {
			t.Errorf("it gave way: %v; %d are held", conn.closed, h.len())
		}
	})
	t.Run("whose source connects too often before all others", func(t *testing.T) {
		h := newHalfOpen()
		conn := &fakeConn{remote: "192.0.2.1"}
		h.enter(conn, sourceOf(conn.RemoteAddr()), excessive).rise(spoken)
		fill(h)
		if comes(h, "203.0.113.1"); !conn.closed {
			t.Error("a silent one gave way")
		}
	})
	t.Run("strangers before those from where a member was", func(t *testing.T) {
		h := newHalfOpen()
		conn := &fakeConn{remote: "192.0.2.1"}
		h.enter(conn, sourceOf(conn.RemoteAddr()), familiar)
		for n := range 10 * maxHalfOpen {
			_, s := comes(h, from(n))
			s.rise(spoken)
		}
		if conn.closed || h.len() != maxHalfOpen {
			t.Errorf("it gave way: %v; %d are held", conn.closed, h.len())
		}
	})
	t.Run("nothing is left of them", func(t *testing.T) {
		h := newHalfOpen()
		var all []*stranger
		for n := range 2 * maxHalfOpen {
			_, s := comes(h, from(n))
			if n%3 == 0 {
				s.rise(spoken)
			}
			all = append(all, s)
		}
		for _, s := range all {
			h.leave(s)
		}
		if h.len() != 0 || len(h.sources) != 0 {
			t.Errorf("%d connections and %d sources", h.len(), len(h.sources))
		}
	})
}
