package nat

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Behaviour describes a NAT. Its fields are independent of each other. The zero value is the most accommodating NAT
// there is, except that it does not hairpin.
type Behaviour struct {
	Mapping    Mapping
	Filtering  Filtering
	Allocation Allocation

	// Step is what [Sequential] adds to the port last given out, to any inside endpoint; it may be negative. 0 means 1.
	Step int

	// FirstPort and LastPort confine mappings to a block of outside ports. 0 means 1024 and 65535.
	FirstPort, LastPort uint16

	// UDPTimeout is how long a UDP flow lives that nothing refreshes. 0 means 5 minutes (RFC 4787, REQ-5).
	UDPTimeout time.Duration

	// InboundRefresh has packets from outside keep UDP and ICMP flows alive, as those from inside always do. Those of
	// TCP are refreshed from both sides anyway.
	InboundRefresh bool

	// Hairpin lets inside endpoints reach each other by their outside ones. Such packets have the sender's outside
	// endpoint as source, and are filtered as if they came from outside (RFC 4787, section 6).
	Hairpin bool

	// SessionLimit is how many flows there may be at a time, of all protocols together. More are not opened. 0 means
	// that there is no limit.
	SessionLimit int

	// Strike is for how long the NAT drops everything from an address that has sent an unsolicited UDP or TCP packet.
	// Further packets do not prolong it. 0 means that it does not mind.
	Strike time.Duration

	// UDPBlocked drops all UDP, in both directions.
	UDPBlocked bool

	// ResetUnsolicited answers an unsolicited SYN with a RST. Otherwise it is dropped like any other packet.
	ResetUnsolicited bool
}

// Mapping is for which destinations one mapping of an inside endpoint is used (RFC 4787, section 4.1).
type Mapping int

const (
	// EIM is endpoint-independent mapping: one for all destinations.
	EIM Mapping = iota
	// ADM is address-dependent mapping: one for each destination address.
	ADM
	// APDM is address and port-dependent mapping, called symmetric: one for each destination endpoint.
	APDM
)

// Filtering is from where packets for a mapping may come in (RFC 4787, section 5).
type Filtering int

const (
	// EIF is endpoint-independent filtering: from anywhere.
	EIF Filtering = iota
	// ADF is address-dependent filtering: from addresses that the inside endpoint has a flow to.
	ADF
	// APDF is address and port-dependent filtering: from endpoints that the inside endpoint has a flow to.
	APDF
)

// Allocation is how the outside port of a new mapping is chosen. No two mappings of a protocol ever share one.
type Allocation int

const (
	// Preserving takes the inside port; a random one if that is taken or not in the block.
	Preserving Allocation = iota
	// Sequential takes the next after the one last given out by this protocol, to any inside endpoint: other
	// traffic moves it. The first is random. See [Behaviour.Step].
	Sequential
	// Random takes any free port of the block.
	Random
)

func (m Mapping) String() string    { return name(int(m), "EIM", "ADM", "APDM") }
func (f Filtering) String() string  { return name(int(f), "EIF", "ADF", "APDF") }
func (a Allocation) String() string { return name(int(a), "preserving", "sequential", "random") }

// String is short: mapping, filtering, allocation, and whatever else is not the default.
func (b Behaviour) String() string {
	words := []string{b.Mapping.String(), b.Filtering.String(), b.Allocation.String()}
	add := func(differs bool, format string, args ...any) {
		if differs {
			words = append(words, fmt.Sprintf(format, args...))
		}
	}
	add(b.Step != 0, "step %d", b.Step)
	add(b.FirstPort != 0 || b.LastPort != 0, "ports %d-%d", b.firstPort(), b.lastPort())
	add(b.UDPTimeout != 0, "timeout %v", b.UDPTimeout)
	add(b.InboundRefresh, "inbound-refresh")
	add(b.Hairpin, "hairpin")
	add(b.SessionLimit != 0, "limit %d", b.SessionLimit)
	add(b.Strike != 0, "strike %v", b.Strike)
	add(b.UDPBlocked, "udp-blocked")
	add(b.ResetUnsolicited, "reset-unsolicited")
	return strings.Join(words, " ")
}

// validate reports what cannot be.
func (b Behaviour) validate() error {
	switch {
	case b.Mapping < EIM || b.Mapping > APDM:
		return fmt.Errorf("unknown mapping %d", b.Mapping)
	case b.Filtering < EIF || b.Filtering > APDF:
		return fmt.Errorf("unknown filtering %d", b.Filtering)
	case b.Allocation < Preserving || b.Allocation > Random:
		return fmt.Errorf("unknown allocation %d", b.Allocation)
	case b.lastPort() < b.firstPort():
		return fmt.Errorf("ports %d-%d: want them in order", b.firstPort(), b.lastPort())
	case b.Step != 0 && b.Allocation != Sequential:
		return fmt.Errorf("step %d: only sequential allocation has one", b.Step)
	case b.UDPTimeout < 0 || b.Strike < 0 || b.SessionLimit < 0:
		return errors.New("timeout, strike and session limit must not be negative")
	}
	return nil
}

func (b Behaviour) firstPort() uint16 { return orDefault(b.FirstPort, 1024) }
func (b Behaviour) lastPort() uint16  { return orDefault(b.LastPort, 65535) }
func (b Behaviour) step() int         { return orDefault(b.Step, 1) }

// How long flows live that nothing refreshes: the least that the RFCs allow. Shorter, and programs that keep their
// connections alive as they should would lose them.
const (
	defaultUDPTimeout     = 5 * time.Minute             // RFC 4787, REQ-5: recommended
	icmpTimeout           = time.Minute                 // RFC 5508, REQ-2
	tcpTransitoryTimeout  = 4 * time.Minute             // RFC 5382, REQ-5
	tcpEstablishedTimeout = 2*time.Hour + 4*time.Minute // the same
)

func (b Behaviour) timeout(l lifetime) time.Duration {
	switch l {
	case lifetimeUDP:
		return orDefault(b.UDPTimeout, defaultUDPTimeout)
	case lifetimeICMP:
		return icmpTimeout
	case lifetimeTCPEstablished:
		return tcpEstablishedTimeout
	default:
		return tcpTransitoryTimeout
	}
}

// key is what a mapping remembers of its destination.
func (m Mapping) key(remote endpoint) endpoint { return remote.known(int(m)) }

// key is what a permission remembers of its destination.
func (f Filtering) key(remote endpoint) endpoint { return remote.known(int(f)) }

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

func name(value int, names ...string) string {
	if value < 0 || value >= len(names) {
		return fmt.Sprintf("unknown(%d)", value)
	}
	return names[value]
}
