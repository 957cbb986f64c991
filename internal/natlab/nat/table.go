package nat

import (
	"container/list"
	"math/rand/v2"
	"time"
)

// A mapping ties an inside endpoint to an outside port.
//
// Invariant: it has at least one flow that permits, and its permissions count those.
type mapping struct {
	mappingKey
	port        uint16
	flows       map[endpoint]*flow // by remote endpoint
	permissions map[endpoint]int   // flows that permit, by what filtering looks at of the remote endpoint
}

type mappingKey struct {
	protocol uint8
	inside   endpoint
	remote   endpoint // as far as the mapping depends on it
}

// A flow is what an inside endpoint and a remote one exchange through a mapping.
type flow struct {
	mapping   *mapping
	remote    endpoint
	permits   bool // the inside keeps it alive, so that it counts for filtering and for the mapping's life
	tcp       tcpState
	refreshed time.Time
	queue     *list.List
	place     *list.Element // in the queue
}

// lifetime is one of the kinds of flows that time out after the same time.
type lifetime int

const (
	lifetimeUDP lifetime = iota
	lifetimeICMP
	lifetimeTCPTransitory // opening, half open, or closed
	lifetimeTCPEstablished
	lifetimes
)

func (f *flow) lifetime() lifetime {
	switch {
	case f.mapping.protocol == protocolUDP:
		return lifetimeUDP
	case f.mapping.protocol == protocolICMP:
		return lifetimeICMP
	case f.tcp.established():
		return lifetimeTCPEstablished
	default:
		return lifetimeTCPTransitory
	}
}

// A table holds the mappings and flows of a NAT.
type table struct {
	behaviour *Behaviour
	random    *rand.Rand
	mappings  map[mappingKey]*mapping
	ports     map[uint8]*portSpace  // by protocol
	queues    [lifetimes]*list.List // flows, the one refreshed longest ago first
	opened    int                   // flows, ever
}

func newTable(behaviour *Behaviour, random *rand.Rand) table {
	t := table{behaviour: behaviour, random: random, mappings: map[mappingKey]*mapping{}, ports: map[uint8]*portSpace{}}
	for i := range t.queues {
		t.queues[i] = list.New()
	}
	for _, protocol := range []uint8{protocolICMP, protocolTCP, protocolUDP} {
		t.ports[protocol] = newPortSpace(behaviour, random)
	}
	return t
}

// find returns the mapping that an inside endpoint has towards a remote one, nil if there is none.
func (t *table) find(protocol uint8, inside, remote endpoint) *mapping {
	return t.mappings[t.key(protocol, inside, remote)]
}

func (t *table) key(protocol uint8, inside, remote endpoint) mappingKey {
	return mappingKey{protocol, inside, t.behaviour.Mapping.key(remote)}
}

// add makes a mapping, which the caller gives a flow that permits. It returns nil if there is no port for it.
func (t *table) add(protocol uint8, inside, remote endpoint) *mapping {
	m := &mapping{
		mappingKey:  t.key(protocol, inside, remote),
		flows:       map[endpoint]*flow{},
		permissions: map[endpoint]int{},
	}
	if !t.ports[protocol].allocate(m) {
		return nil
	}
	t.mappings[m.mappingKey] = m
	return m
}

// full reports whether there may be no more flows.
func (t *table) full() bool {
	return t.behaviour.SessionLimit > 0 && t.flows() >= t.behaviour.SessionLimit
}

func (t *table) flows() (n int) {
	for _, queue := range t.queues {
		n += queue.Len()
	}
	return n
}

// open adds a flow to a mapping.
func (t *table) open(m *mapping, remote endpoint, now time.Time) *flow {
	f := &flow{mapping: m, remote: remote}
	m.flows[remote] = f
	t.opened++
	t.refresh(f, now)
	return f
}

// refresh begins the flow's time anew, in the queue that its state now belongs to.
func (t *table) refresh(f *flow, now time.Time) {
	f.refreshed = now
	queue := t.queues[f.lifetime()]
	if f.queue == queue {
		queue.MoveToBack(f.place)
		return
	}
	if f.queue != nil {
		f.queue.Remove(f.place)
	}
	f.queue, f.place = queue, queue.PushBack(f)
}

// permit makes the flow count for filtering and for the mapping's life.
func (t *table) permit(f *flow) {
	if !f.permits {
		f.permits = true
		f.mapping.permissions[t.behaviour.Filtering.key(f.remote)]++
	}
}

// permitted reports whether filtering lets a remote endpoint send to the mapping.
func (t *table) permitted(m *mapping, remote endpoint) bool {
	return m.permissions[t.behaviour.Filtering.key(remote)] > 0
}

// expire ends the flows whose time is over.
func (t *table) expire(now time.Time) {
	for l, queue := range t.queues {
		timeout := t.behaviour.timeout(lifetime(l))
		for front := queue.Front(); front != nil; front = queue.Front() {
			f := front.Value.(*flow)
			if now.Sub(f.refreshed) < timeout {
				break
			}
			t.close(f)
		}
	}
}

// close ends a flow, and its mapping if nothing keeps that alive.
func (t *table) close(f *flow) {
	m := f.mapping
	f.queue.Remove(f.place)
	delete(m.flows, f.remote)
	if !f.permits {
		return
	}
	key := t.behaviour.Filtering.key(f.remote)
	if m.permissions[key]--; m.permissions[key] > 0 {
		return
	}
	delete(m.permissions, key)
	if len(m.permissions) == 0 {
		t.remove(m)
	}
}

// remove ends a mapping and the flows that depend on it.
func (t *table) remove(m *mapping) {
	for _, f := range m.flows {
		f.queue.Remove(f.place)
	}
	delete(t.mappings, m.mappingKey)
	delete(t.ports[m.protocol].owner, m.port)
}
