//go:build linux

package natlab

import (
	"fmt"
	"net/netip"
)

// NAT is a kind of router, named for how it treats UDP. All kinds run on the kernel's own NAT. They let everything
// out, drop unsolicited packets from outside, and translate TCP as Masquerade does. The words are RFC 4787's: mapping
// and filtering are endpoint-independent (EIM, EIF) or address and port-dependent (APDM, APDF).
type NAT int

const (
	// Masquerade is the usual home router: port-preserving EIM, APDF. Two hosts that use the same source port towards
	// the same destination are told apart by a random port for the second.
	Masquerade NAT = iota
	// InputAccept is Masquerade on a router whose own input chain is open. A probe that arrives before the inside
	// host has sent leaves a conntrack entry behind, and the host's own probe must then leave from another port
	// than the one the rendezvous saw: the conntrack clash.
	InputAccept
	// FullyRandom is a symmetric NAT: APDM with a random port for each destination, APDF.
	FullyRandom
	// Sequential is a symmetric NAT that hands out the next port for each destination: APDM, APDF.
	Sequential
	// FullCone accepts from anybody on a mapped port: port-preserving EIM, EIF. Netfilter has no such NAT, so
	// the router notes the mappings it sees being made and forwards what comes to them.
	FullCone
	// UDPBlocked forwards no UDP at all. TCP works as behind Masquerade.
	UDPBlocked
)

func (n NAT) String() string {
	names := []string{"masquerade", "input-accept", "fully-random", "sequential", "full-cone", "udp-blocked"}
	if n < 0 || int(n) >= len(names) {
		return fmt.Sprintf("NAT(%d)", int(n))
	}
	return names[n]
}

// An Option refines a home or a carrier NAT.
type Option func(*options) error

type options struct {
	subnet              netip.Prefix // the inside
	hairpin             bool
	firstPort, lastPort uint16 // 0: the kernel chooses
}

// Subnet is the home's private prefix, instead of the next free 192.168.x.0/24. Two homes may have the same.
func Subnet(prefix string) Option {
	return func(o *options) (err error) {
		if o.subnet, err = netip.ParsePrefix(prefix); err != nil {
			return fmt.Errorf("subnet: %w", err)
		}
		if !o.subnet.Addr().Is4() || o.subnet.Bits() > 29 || o.subnet != o.subnet.Masked() {
			return fmt.Errorf("subnet %s: want an IPv4 prefix of /29 or shorter without host bits", prefix)
		}
		return nil
	}
}

// Hairpin lets inside hosts reach each other through the router's outside address (RFC 4787, section 6), with
// endpoint-independent filtering and the outside address as source. Without it such packets end at the router.
func Hairpin() Option {
	return func(o *options) error {
		o.hairpin = true
		return nil
	}
}

// PortBlock confines mappings to the outside ports first to last, as carriers do. Ports are not preserved.
func PortBlock(first, last uint16) Option {
	return func(o *options) error {
		if first == 0 || last < first {
			return fmt.Errorf("port block %d-%d: want 1 or more, in order", first, last)
		}
		o.firstPort, o.lastPort = first, last
		return nil
	}
}

func newOptions(defaults options, opts []Option) (options, error) {
	for _, option := range opts {
		if err := option(&defaults); err != nil {
			return options{}, err
		}
	}
	return defaults, nil
}
