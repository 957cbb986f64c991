package socket

import (
	"net/netip"
	"slices"
	"sync"

	"peerd/wire"
)

// maxClaims bounds the endpoints one session may claim. A peer has one or two
// at a time; without the bound, one that sends from ever new endpoints would
// make us remember them all.
const maxClaims = 16

// registry finds sessions: by the handle in their id and virtual address, and
// by the endpoints their peer sends QUIC from.
//
// A QUIC packet that comes directly is QUIC's to authenticate, but which
// session it seems to come from matters too: QUIC takes a packet under another
// virtual address for a migration and would follow it. So an endpoint belongs
// to the session that has heard an authentic probe from it (a peer always
// probes an endpoint before it sends data there, and our reply is what lets it
// do so). The source of a probe can be forged, however, by a member who has a
// session with us and wants to take over another's endpoint. Therefore:
//
//   - an endpoint heard by two sessions belongs to neither until it is proven;
//   - a session that has proven an endpoint (its own probe was answered from
//     there, which takes the peer's key and the endpoint) owns it at once,
//     whoever else has heard it.
//
// None of this moves a path: only the engine does, on probe replies.
type registry struct {
	mu        sync.RWMutex
	sessions  map[handle]*Session
	endpoints map[netip.AddrPort]claim
	// paths are the sessions whose direct path ends at an address.
	paths map[netip.Addr][]*Session
}

// claim says whose an endpoint is.
type claim struct {
	owner  *Session // nil: contested
	proven bool
}

func newRegistry() registry {
	return registry{sessions: map[handle]*Session{}, endpoints: map[netip.AddrPort]claim{}, paths: map[netip.Addr][]*Session{}}
}

// add registers x; it reports false when its id is taken.
func (r *registry) add(x *Session) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sessions[handleOf(x.id)] != nil {
		return false
	}
	r.sessions[handleOf(x.id)] = x
	return true
}

// remove forgets x and the endpoints it claimed.
func (r *registry) remove(x *Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sessions[handleOf(x.id)] != x {
		return
	}
	delete(r.sessions, handleOf(x.id))
	for _, endpoint := range x.claims {
		r.release(endpoint, x)
	}
	x.claims = nil
	r.unfollow(x)
}

// follow notes at which address x's direct path ends; the zero Addr: at none.
func (r *registry) follow(x *Session, addr netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x.pathAddr == addr || r.sessions[handleOf(x.id)] != x {
		return
	}
	r.unfollow(x)
	if addr.IsValid() {
		x.pathAddr = addr
		r.paths[addr] = append(r.paths[addr], x)
	}
}

func (r *registry) unfollow(x *Session) {
	others := slices.DeleteFunc(r.paths[x.pathAddr], func(y *Session) bool { return y == x })
	if len(others) == 0 {
		delete(r.paths, x.pathAddr)
	} else {
		r.paths[x.pathAddr] = others
	}
	x.pathAddr = netip.Addr{}
}

// byPath returns the one session whose direct path ends at addr; nil when there
// is none, or several: behind one carrier's NAT there may be many peers.
func (r *registry) byPath(addr netip.Addr) *Session {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if at := r.paths[addr]; len(at) == 1 {
		return at[0]
	}
	return nil
}

// byID returns the session with this id, or nil.
func (r *registry) byID(id wire.SessionID) *Session {
	x := r.byHandle(handleOf(id))
	if x == nil || x.id != id {
		return nil
	}
	return x
}

// byHandle returns the session with this handle, or nil.
func (r *registry) byHandle(h handle) *Session {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.sessions[h]
}

// byEndpoint returns the session QUIC packets from endpoint belong to, or nil.
func (r *registry) byEndpoint(endpoint netip.AddrPort) *Session {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.endpoints[endpoint].owner
}

// all returns the sessions at this moment.
func (r *registry) all() []*Session {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := make([]*Session, 0, len(r.sessions))
	for _, x := range r.sessions {
		all = append(all, x)
	}
	return all
}

// hear notes that x's peer has sent an authentic probe from endpoint.
func (r *registry) hear(x *Session, endpoint netip.AddrPort) {
	held := r.holder(endpoint)
	if held.owner == x || held.proven {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	held, taken := r.endpoints[endpoint]
	switch {
	case held.owner == x || held.proven:
	case taken:
		r.take(endpoint, x, claim{})
	default:
		r.take(endpoint, x, claim{owner: x})
	}
}

// prove notes that x's peer has answered x's own probe from endpoint.
func (r *registry) prove(x *Session, endpoint netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.take(endpoint, x, claim{owner: x, proven: true})
}

// hasProven reports whether endpoint is x's by proof.
func (r *registry) hasProven(x *Session, endpoint netip.AddrPort) bool {
	return r.holder(endpoint) == claim{owner: x, proven: true}
}

func (r *registry) holder(endpoint netip.AddrPort) claim {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.endpoints[endpoint]
}

// take writes c, which x caused, and makes room in x's claims. A session that
// was removed in the meantime takes nothing.
func (r *registry) take(endpoint netip.AddrPort, x *Session, c claim) {
	if r.sessions[handleOf(x.id)] != x {
		return
	}
	r.endpoints[endpoint] = c
	if slices.Contains(x.claims, endpoint) {
		return
	}
	if len(x.claims) == maxClaims {
		r.release(x.claims[0], x)
		x.claims = slices.Delete(x.claims, 0, 1)
	}
	x.claims = append(x.claims, endpoint)
}

// release frees endpoint if it is x's or contested; a session that still hears
// it claims it anew.
func (r *registry) release(endpoint netip.AddrPort, x *Session) {
	if owner := r.endpoints[endpoint].owner; owner == x || owner == nil {
		delete(r.endpoints, endpoint)
	}
}
