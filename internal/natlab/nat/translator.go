package nat

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"
)

// Side is where a packet comes from.
type Side int

// The two sides of a NAT.
const (
	Inside Side = iota
	Outside
)

// A Translator is a NAT at work. It is for one goroutine at a time. The time that its methods are told must not go
// back.
type Translator struct {
	behaviour Behaviour
	outside   address
	gateway   address
	random    *rand.Rand
	table     table
	struck    map[address]time.Time // since when
	drops     [dropReasons]int
}

// New returns a NAT with an outside address, and an inside address from which it reports what it cannot forward.
// Random ports come from the source.
func New(b Behaviour, outside, gateway netip.Addr, source rand.Source) (*Translator, error) {
	if err := b.validate(); err != nil {
		return nil, fmt.Errorf("NAT behaviour: %w", err)
	}
	if !outside.Is4() || !gateway.Is4() {
		return nil, errors.New("NAT addresses must be IPv4")
	}
	t := &Translator{behaviour: b, outside: addressOf(outside), gateway: addressOf(gateway), random: rand.New(source)}
	t.Forget()
	return t, nil
}

// Forget loses all mappings and strikes, as a reboot does. The sequential allocation starts again from anywhere.
func (t *Translator) Forget() {
	opened := t.table.opened
	t.table = newTable(&t.behaviour, t.random)
	t.table.opened = opened
	t.struck = map[address]time.Time{}
}

// SetOutside changes the outside address. Mappings on the old one are lost.
func (t *Translator) SetOutside(outside netip.Addr) {
	t.outside = addressOf(outside)
	t.Forget()
}

// SetUDPTimeout changes [Behaviour.UDPTimeout], for existing flows too.
func (t *Translator) SetUDPTimeout(timeout time.Duration) { t.behaviour.UDPTimeout = timeout }

// Counts is what a NAT has and had to remember.
type Counts struct {
	Mappings int // held now
	Flows    int // held now
	Opened   int // flows, ever
}

// Counts returns what the NAT remembers at that time.
func (t *Translator) Counts(now time.Time) Counts {
	t.table.expire(now)
	return Counts{Mappings: len(t.table.mappings), Flows: t.table.flows(), Opened: t.table.opened}
}

// Dropped returns how many packets were dropped for a reason.
func (t *Translator) Dropped(why Drop) int {
	if why < 0 || why >= dropReasons {
		return 0
	}
	return t.drops[why]
}

// Translate takes an IPv4 packet from one side and returns the packet to send, which goes where its destination says:
// the same one, changed in place, or for a dropped packet the answer that its sender gets, nil if there is none.
func (t *Translator) Translate(now time.Time, from Side, b []byte) (out []byte, drop Drop) {
	t.table.expire(now)
	p, drop := parse(b)
	if drop == Forwarded {
		out, drop = t.forward(now, from, p)
	}
	t.drops[drop]++
	return out, drop
}

func (t *Translator) forward(now time.Time, from Side, p packet) ([]byte, Drop) {
	switch {
	case p.protocol() == protocolUDP && t.behaviour.UDPBlocked:
		return nil, UDPDisallowed
	case from == Inside:
		return t.fromInside(now, p)
	default:
		return t.fromOutside(now, p)
	}
}

func (t *Translator) fromInside(now time.Time, p packet) ([]byte, Drop) {
	hairpin := p.destination().addr == t.outside
	switch {
	case p.destination().addr == t.gateway:
		return nil, Misdirected
	case p.ttl() <= 1:
		return timeExceeded(p, t.gateway), TTLExceeded
	case hairpin && !t.behaviour.Hairpin:
		return nil, NoHairpin
	}
	if drop := t.send(now, p); drop != Forwarded {
		return nil, drop
	}
	p.decrementTTL()
	if hairpin {
		m, drop := t.expected(p)
		if drop == Forwarded {
			drop = t.receive(now, m, p)
		}
		if drop != Forwarded {
			return nil, drop
		}
	}
	return p.bytes, Forwarded
}

func (t *Translator) fromOutside(now time.Time, p packet) ([]byte, Drop) {
	if p.destination().addr != t.outside {
		return nil, Misdirected
	}
	if t.strikes(now, p.source().addr) {
		return nil, Struck
	}
	m, drop := t.expected(p)
	switch {
	case drop == Unsolicited:
		return t.refuse(now, p), Unsolicited
	case drop != Forwarded:
		return nil, drop
	case p.ttl() <= 1:
		return timeExceeded(p, t.outside), TTLExceeded
	}
	if drop := t.receive(now, m, p); drop != Forwarded {
		return nil, drop
	}
	p.decrementTTL()
	return p.bytes, Forwarded
}

// send has a packet from inside leave by its mapping, which is made if need be.
func (t *Translator) send(now time.Time, p packet) Drop {
	if p.isError {
		return t.translateErrorOutward(p)
	}
	if p.sourcePort == none {
		return Unsupported // an answer to an echo request, none of which come in
	}
	m := t.table.find(p.protocol(), p.source(), p.destination())
	var f *flow
	if m != nil {
		f = m.flows[p.destination()]
	}
	if f == nil {
		var drop Drop
		if f, drop = t.open(now, m, p); drop != Forwarded {
			return drop
		}
	}
	t.table.permit(f)
	t.note(now, f, Inside, p)
	p.setSource(endpoint{t.outside, f.mapping.port})
	return Forwarded
}

// open begins a flow from inside, and its mapping if there is none.
func (t *Translator) open(now time.Time, m *mapping, p packet) (*flow, Drop) {
	if p.protocol() == protocolTCP && !p.beginsConnection() {
		return nil, NoConnection
	}
	if t.table.full() {
		return nil, SessionLimited
	}
	if m == nil {
		if m = t.table.add(p.protocol(), p.source(), p.destination()); m == nil {
			return nil, PortsExhausted
		}
	}
	return t.table.open(m, p.destination(), now), Forwarded
}

// expected finds the mapping for which a packet has come from outside, if it may come in. It changes nothing.
func (t *Translator) expected(p packet) (*mapping, Drop) {
	if p.isError {
		return t.relatedToOutbound(p)
	}
	m := t.table.ports[p.protocol()].owner[p.destination().port]
	if m == nil || !t.table.permitted(m, p.source()) {
		return nil, Unsolicited
	}
	if p.protocol() == protocolTCP && m.flows[p.source()] == nil && !p.beginsConnection() {
		return nil, Unsolicited
	}
	return m, Forwarded
}

// receive delivers a packet that may come in.
func (t *Translator) receive(now time.Time, m *mapping, p packet) Drop {
	if p.isError {
		translateErrorInward(p, m)
		return Forwarded
	}
	f := m.flows[p.source()]
	if f == nil {
		if t.table.full() {
			return SessionLimited
		}
		f = t.table.open(m, p.source(), now)
	}
	if t.behaviour.InboundRefresh {
		t.table.permit(f)
	}
	// What does not permit keeps nothing open; it may live as long as it is used.
	if t.behaviour.InboundRefresh || !f.permits || p.protocol() == protocolTCP {
		t.note(now, f, Outside, p)
	}
	p.setDestination(m.inside)
	return Forwarded
}

// note has a packet refresh its flow.
func (t *Translator) note(now time.Time, f *flow, from Side, p packet) {
	if p.protocol() == protocolTCP {
		f.tcp.observe(from, p)
	}
	t.table.refresh(f, now)
}

// refuse returns the answer to an unsolicited packet, nil if there is none.
func (t *Translator) refuse(now time.Time, p packet) []byte {
	if t.behaviour.Strike > 0 && p.protocol() != protocolICMP {
		t.struck[p.source().addr] = now
	}
	if t.behaviour.ResetUnsolicited && p.beginsConnection() {
		return reset(p)
	}
	return nil
}

// strikes reports whether packets from an address are dropped because of an earlier one.
func (t *Translator) strikes(now time.Time, from address) bool {
	since, struck := t.struck[from]
	if struck && now.Sub(since) >= t.behaviour.Strike {
		delete(t.struck, from)
		return false
	}
	return struck
}
