package rogue

import (
	"crypto/tls"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"peerd/internal/identity"
	"peerd/wire"
)

// writeLimit ends a write to a peer that does not read.
const writeLimit = 10 * time.Second

// member is a peer as the rogue knows it. The Rendezvous' mu guards it, but for
// writing.
type member struct {
	// conn is nil while the member is logged out.
	conn   *tls.Conn
	hello  wire.Hello
	logins int
	// candidates and nat are what it said last of itself, udp where its relayed
	// datagrams come from.
	candidates []wire.Candidate
	nat        wire.NATReport
	udp        netip.AddrPort
	// told is the version of the roster that it has; 0 before its Hello.
	told uint64

	writing sync.Mutex
}

// accept serves control connections until the rogue closes.
func (r *Rendezvous) accept() {
	for {
		conn, err := r.tcp.Accept()
		if err != nil {
			return
		}
		r.tasks.Go(func() { r.serveConn(conn.(*tls.Conn)) })
	}
}

func (r *Rendezvous) serveConn(conn *tls.Conn) {
	defer conn.Close()
	if err := conn.Handshake(); err != nil {
		return
	}
	key, err := identity.PeerKey(conn.ConnectionState())
	if err != nil || !r.enter(key, conn) {
		return
	}
	defer r.leave(key, conn)
	for {
		kind, body, err := wire.ReadFrame(conn, nil)
		if err != nil {
			return
		}
		r.record.frame(key, wire.Key{}, kind, body)
		if m, err := wire.Parse(kind, body); err == nil && m != nil {
			r.heard(key, m)
		}
	}
}

// enter makes conn the one on which a member is reached; false: we are closing.
func (r *Rendezvous) enter(key wire.Key, conn *tls.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	m := r.members[key]
	if m == nil {
		m = &member{}
		r.members[key] = m
	}
	if m.conn != nil {
		m.conn.NetConn().Close()
	}
	m.conn, m.told = conn, 0
	return true
}

// leave announces a logout, unless the member has logged in anew.
func (r *Rendezvous) leave(key wire.Key, conn *tls.Conn) {
	r.mu.Lock()
	current := r.members[key].conn == conn
	if current {
		r.members[key].conn = nil
		if row, listed := r.table.Row(key); listed {
			row.Online, row.Since = false, time.Now()
			r.table.Put(row)
		}
	}
	closed := r.closed
	r.mu.Unlock()
	if current && !closed {
		r.pushRoster()
	}
}

// online are the keys of those who are connected.
func (r *Rendezvous) online() (keys []wire.Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, m := range r.members {
		if m.conn != nil {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, wire.Key.Compare)
	return keys
}

// Drop breaks the connection of a member, without a word.
func (r *Rendezvous) Drop(key wire.Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.members[key]; m != nil && m.conn != nil {
		m.conn.NetConn().Close()
	}
}

// Logins returns how often a member has said Hello.
func (r *Rendezvous) Logins(key wire.Key) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.members[key]; m != nil {
		return m.logins
	}
	return 0
}

// Endpoint returns where a member is seen over UDP; zero if it is not.
func (r *Rendezvous) Endpoint(key wire.Key) netip.AddrPort {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.members[key]; m != nil {
		return m.udp
	}
	return netip.AddrPort{}
}

// Send sends messages to a member, past the script. To one that is not logged in
// they are lost.
func (r *Rendezvous) Send(to wire.Key, messages ...wire.Message) {
	for _, m := range messages {
		frame, err := wire.AppendFrame(nil, m)
		if err != nil {
			r.t.Errorf("the rogue cannot encode %v: %v", m.Kind(), err)
			continue
		}
		r.record.frame(wire.Key{}, to, m.Kind(), frame[wire.FrameHeaderSize:])
		r.SendRaw(to, frame)
	}
}

// SendRaw writes octets into a member's control connection.
func (r *Rendezvous) SendRaw(to wire.Key, octets []byte) {
	r.mu.Lock()
	m := r.members[to]
	var conn *tls.Conn
	if m != nil {
		conn = m.conn
	}
	r.mu.Unlock()
	if conn == nil {
		return
	}
	m.writing.Lock()
	defer m.writing.Unlock()
	_ = conn.SetWriteDeadline(time.Now().Add(writeLimit))
	_, _ = conn.Write(octets) // a member that has hung up is no surprise
}

// Write sends a datagram from the rogue's UDP port.
func (r *Rendezvous) Write(to netip.AddrPort, datagram []byte) {
	_, _ = r.udp.WriteToUDPAddrPort(datagram, to) // lost ones are no surprise
}

// readDatagrams serves UDP until the rogue closes.
func (r *Rendezvous) readDatagrams() {
	buffer := make([]byte, 64<<10)
	for {
		n, from, err := r.udp.ReadFromUDPAddrPort(buffer)
		if err != nil {
			if _, failed := err.(*net.OpError); failed && !r.isClosed() {
				continue
			}
			return
		}
		datagram := slices.Clone(buffer[:n])
		r.record.datagram(from, datagram)
		r.serveDatagram(netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), datagram)
	}
}

func (r *Rendezvous) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}
