package punch

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"peerd/wire"
)

// kind is a kind of simulated router: what its peer reports of it, and what it
// does besides.
type kind struct {
	report wire.NATReport
	step   int           // of sequential allocation
	strike time.Duration // ban of whoever sends what is not expected
	clash  bool          // notes unexpected packets as flows of its own
	// seems is what the peer reports instead, if it is mistaken.
	seems *wire.NATReport
}

func eim(filtering wire.Filtering) kind {
	return kind{report: wire.NATReport{Mapping: wire.MappingEIM, Filtering: filtering, Allocation: wire.AllocationPreserving}}
}

func apdm(allocation wire.Allocation) kind {
	return kind{step: 1, report: wire.NATReport{Mapping: wire.MappingAPDM, Filtering: wire.FilteringAPDF, Allocation: allocation}}
}

func block(size uint16) kind {
	k := apdm(wire.AllocationBlock)
	k.report.FirstPort, k.report.LastPort = 20000, 20000+size-1
	return k
}

func public() kind { return kind{report: wire.NATReport{Mapping: wire.MappingNone}} }

func (k kind) striking() kind { k.strike = 30 * time.Second; return k }

// undetected is an address-dependent NAT seen from one address.
func (k kind) undetected() kind {
	seems := k.report
	seems.Mapping = wire.MappingEIM
	k.seems = &seems
	return k
}

func (k kind) clashing() kind { k.clash = true; return k }

// router is a simulated router.
type router struct {
	kind    kind
	address netip.Addr
	random  *rand.Rand
	last    uint16
	ports   map[routerKey]uint16
	owners  map[uint16]routerKey
	allowed map[routerKey]bool // who may send to a port: see filterKey
	banned  map[netip.Addr]time.Time
	noted   map[routerKey]bool // unexpected packets, by port and source
	flows   int
}

// routerKey is a socket and the part of a remote endpoint that counts.
type routerKey struct {
	socket SocketID // or port
	remote netip.AddrPort
}

func newRouter(k kind, address netip.Addr, random *rand.Rand) *router {
	return &router{
		kind: k, address: address, random: random, last: uint16(30000 + random.IntN(10000)),
		ports: map[routerKey]uint16{}, owners: map[uint16]routerKey{}, allowed: map[routerKey]bool{},
		banned: map[netip.Addr]time.Time{}, noted: map[routerKey]bool{},
	}
}

// mappingKey is what one mapping is for.
func (r *router) mappingKey(socket SocketID, to netip.AddrPort) routerKey {
	switch r.kind.report.Mapping {
	case wire.MappingAPDM:
		return routerKey{socket, to}
	case wire.MappingADM:
		return routerKey{socket, netip.AddrPortFrom(to.Addr(), 0)}
	}
	return routerKey{socket: socket}
}

func (r *router) filterKey(port uint16, remote netip.AddrPort) routerKey {
	switch r.kind.report.Filtering {
	case wire.FilteringEIF:
		return routerKey{socket: SocketID(port)}
	case wire.FilteringADF:
		return routerKey{SocketID(port), netip.AddrPortFrom(remote.Addr(), 0)}
	}
	return routerKey{SocketID(port), remote}
}

// out maps a socket for a destination. It reports false when no port is free.
func (r *router) out(_ time.Time, socket SocketID, to netip.AddrPort) (netip.AddrPort, bool) {
	port, ok := r.allocate(socket, to)
	if !ok {
		return netip.AddrPort{}, false
	}
	if key := r.filterKey(port, to); !r.allowed[key] {
		r.allowed[key] = true
		r.flows++
	}
	return netip.AddrPortFrom(r.address, port), true
}

func (r *router) allocate(socket SocketID, to netip.AddrPort) (uint16, bool) {
	key := r.mappingKey(socket, to)
	if port := uint16(5000 + socket%1000); r.noted[routerKey{SocketID(port), to}] {
		key = routerKey{socket, to} // the clash: this destination gets another port
	}
	if port, ok := r.ports[key]; ok {
		return port, true
	}
	port, ok := r.pick(socket, key)
	if ok {
		r.ports[key], r.owners[port] = port, key
	}
	return port, ok
}

func (r *router) pick(socket SocketID, key routerKey) (uint16, bool) {
	first, size := 1024, 64512
	switch r.kind.report.Allocation {
	case wire.AllocationSequential:
		r.last += uint16(r.kind.step)
		return r.last, true
	case wire.AllocationBlock:
		first = int(r.kind.report.FirstPort)
		size = int(r.kind.report.LastPort) - first + 1
	case wire.AllocationRandom:
	default:
		if !key.remote.IsValid() {
			return uint16(5000 + socket%1000), true
		}
	}
	start := r.random.IntN(size)
	for i := range size {
		port := uint16(first + (start+i)%size)
		if _, taken := r.owners[port]; !taken {
			return port, true
		}
	}
	return 0, false
}

// in returns the socket that a packet from outside is for, if it gets in.
func (r *router) in(now time.Time, from netip.AddrPort, port uint16) (SocketID, bool) {
	if now.Before(r.banned[from.Addr()]) {
		return 0, false
	}
	key, mapped := r.owners[port]
	if mapped && (r.kind.report.Mapping == wire.MappingNone || r.allowed[r.filterKey(port, from)]) &&
		(!key.remote.IsValid() || key.remote == from || r.kind.report.Mapping == wire.MappingADM) {
		return key.socket, true
	}
	if r.kind.strike > 0 {
		r.banned[from.Addr()] = now.Add(r.kind.strike)
	}
	if r.kind.clash && !r.allowed[routerKey{SocketID(port), from}] {
		r.noted[routerKey{SocketID(port), from}] = true
	}
	return 0, false
}
