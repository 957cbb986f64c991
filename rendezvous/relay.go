package rendezvous

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"peerd/wire"
)

// relayTable knows who may relay what to whom. A frame is routed by the session
// it names, never by an address: its sender is the peer that proved the UDP
// endpoint it came from (or the control connection it came in), the session
// must be one of that peer's, and its addressee is the session's other peer.
//
//	source endpoint ──proven──► connection ──sessions──► session ──► the other connection
//
// Safe for concurrent use; the way of a datagram takes only the read lock.
type relayTable struct {
	mu     sync.RWMutex
	proven map[netip.AddrPort]*provenEndpoint
	// sessions of each connection. A session is in here under both its peers.
	sessions map[*connection]map[wire.SessionID]*session
}

// session is the right of two introduced, logged-in peers to use the relay.
type session struct {
	peers [2]*connection
	// consents are what the peers have said about being shown to each other. Guarded
	// by relayTable.mu.
	consents [2]consent
	opened   time.Time
	used     atomic.Int64 // seconds since opened, whatever the wall clock is set to
}

// provenEndpoint is a UDP endpoint that a peer proved by cookie, on the login
// it has now.
type provenEndpoint struct {
	endpoint netip.AddrPort
	owner    *connection
	proved   time.Time
	heard    atomic.Int64               // seconds from proved to its last datagram
	local    atomic.Pointer[netip.Addr] // our address it sends to
}

func newRelayTable() *relayTable {
	return &relayTable{
		proven:   map[netip.AddrPort]*provenEndpoint{},
		sessions: map[*connection]map[wire.SessionID]*session{},
	}
}

// open lets a and b relay under id. It reports false when either has too many
// sessions, or has just logged out.
func (t *relayTable) open(id wire.SessionID, a, b *connection, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if a.forgotten || b.forgotten {
		return false
	}
	s := t.sessions[a][id]
	if s == nil {
		if len(t.sessions[a]) >= maxSessionsPerKey || len(t.sessions[b]) >= maxSessionsPerKey {
			return false
		}
		s = &session{peers: [2]*connection{a, b}, opened: now}
		t.put(a, id, s)
		t.put(b, id, s)
	}
	s.used.Store(secondsSince(s.opened, now))
	return true
}

func (t *relayTable) put(c *connection, id wire.SessionID, s *session) {
	if t.sessions[c] == nil {
		t.sessions[c] = map[wire.SessionID]*session{}
	}
	t.sessions[c][id] = s
}

// other returns the peer that c's frames of session id go to, or nil.
func (t *relayTable) other(c *connection, id wire.SessionID, now time.Time) *connection {
	t.mu.RLock()
	s := t.sessions[c][id]
	t.mu.RUnlock()
	return s.other(c, now)
}

// route returns who sent a datagram of session id from source, and whom it is
// for; nil when the endpoint is not proven or the session not the sender's.
func (t *relayTable) route(source netip.AddrPort, id wire.SessionID, now time.Time) (from *provenEndpoint, to *connection) {
	t.mu.RLock()
	from = t.proven[source]
	var s *session
	if from != nil {
		s = t.sessions[from.owner][id]
	}
	t.mu.RUnlock()
	if s == nil {
		return nil, nil
	}
	return from, s.other(from.owner, now)
}

// other returns the peer that is not c and notes that the session is in use.
func (s *session) other(c *connection, now time.Time) *connection {
	if s == nil {
		return nil
	}
	if at := secondsSince(s.opened, now); s.used.Load() != at {
		s.used.Store(at)
	}
	if s.peers[0] == c {
		return s.peers[1]
	}
	return s.peers[0]
}

// prove makes endpoints the ones c may send relayed datagrams from, in place of
// those it had. An endpoint that another connection had is c's from now on: its
// cookie is younger.
func (t *relayTable) prove(c *connection, endpoints []netip.AddrPort, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.forgotten {
		return
	}
	var freshest *provenEndpoint
	keep := make(map[netip.AddrPort]bool, len(endpoints))
	for _, endpoint := range endpoints {
		keep[endpoint] = true
		p := t.proven[endpoint]
		if p == nil || p.owner != c {
			p = &provenEndpoint{endpoint: endpoint, owner: c, proved: now}
			p.heardFrom(c.local, now)
			t.proven[endpoint] = p
		}
		if freshest == nil || p.heardAt().After(freshest.heardAt()) {
			freshest = p
		}
	}
	for _, had := range c.provenEndpoints {
		if !keep[had] {
			t.unprove(c, had)
		}
	}
	c.provenEndpoints = endpoints
	c.udp.Store(freshest)
}

func (t *relayTable) unprove(c *connection, endpoint netip.AddrPort) {
	if p := t.proven[endpoint]; p != nil && p.owner == c {
		delete(t.proven, endpoint)
	}
}

// proved reports whether c has proved endpoint.
func (t *relayTable) proved(c *connection, endpoint netip.AddrPort) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	p := t.proven[endpoint]
	return p != nil && p.owner == c
}

// heard notes a login from source, so that its owner's endpoint stays fresh while
// it relays nothing. One that another observer got says nothing about the way
// from the owner's: relayed datagrams must not leave from where it arrived.
func (t *relayTable) heard(by observer, source netip.AddrPort, local netip.Addr, now time.Time) {
	t.mu.RLock()
	p := t.proven[source]
	t.mu.RUnlock()
	if p != nil && p.owner.home == by {
		p.heardFrom(local, now)
	}
}

// heardFrom makes p the endpoint to send to.
func (p *provenEndpoint) heardFrom(local netip.Addr, now time.Time) {
	if at := secondsSince(p.proved, now); p.heard.Load() != at {
		p.heard.Store(at)
	}
	if had := p.local.Load(); had == nil || *had != local {
		moved := local // only this copy escapes to the heap
		p.local.Store(&moved)
	}
	if p.owner.udp.Load() != p {
		p.owner.udp.Store(p)
	}
}

// freshAt reports whether p, which may be nil, was heard from lately.
func (p *provenEndpoint) freshAt(now time.Time) bool {
	return p != nil && secondsSince(p.proved, now)-p.heard.Load() <= int64(udpFresh/time.Second)
}

// heardAt is when p was last heard from, to the second.
func (p *provenEndpoint) heardAt() time.Time {
	return p.proved.Add(time.Duration(p.heard.Load()) * time.Second)
}

func secondsSince(start, now time.Time) int64 { return int64(now.Sub(start) / time.Second) }

// forget ends everything that c's login gave it, for good: frames of a replaced
// connection may still be on their way through us.
func (t *relayTable) forget(c *connection) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, s := range t.sessions[c] {
		t.drop(id, s)
	}
	for _, endpoint := range c.provenEndpoints {
		t.unprove(c, endpoint)
	}
	c.provenEndpoints, c.forgotten = nil, true
	c.udp.Store(nil)
}

// forgetIdle ends the sessions of c that nobody has used for sessionIdle.
func (t *relayTable) forgetIdle(c *connection, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, s := range t.sessions[c] {
		if secondsSince(s.opened, now)-s.used.Load() > int64(sessionIdle/time.Second) {
			t.drop(id, s)
		}
	}
}

func (t *relayTable) drop(id wire.SessionID, s *session) {
	for _, c := range s.peers {
		delete(t.sessions[c], id)
		if len(t.sessions[c]) == 0 {
			delete(t.sessions, c)
		}
	}
}

// count returns how many sessions and proven endpoints there are.
func (t *relayTable) count() (sessions, endpoints int) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, own := range t.sessions {
		sessions += len(own)
	}
	return sessions / 2, len(t.proven)
}
