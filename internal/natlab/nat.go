//go:build linux

package natlab

import (
	"fmt"
	"net/netip"
	"time"

	"peerd/internal/natlab/nat"
)

// A NAT is a kind of router: one of the kernel's, such as [Masquerade], or one of any behaviour by [Userspace].
type NAT interface {
	fmt.Stringer

	// engine sets up translation on a router that has its access link.
	engine(*Router) (engine, error)
}

// An engine translates a router's packets.
type engine interface {
	attach(*uplink) error  // prepares a cable that was plugged into the router
	readdress() error      // goes over to the router's new outside address, and forgets
	forget() error         // loses all mappings and flows
	setRunning(bool) error // stops and resumes translation
	setUDPTimeout(time.Duration) error
	flows() (Flows, error)
	dropped(nat.Drop) (int, error)
	send(packet []byte) error // translates a packet as if it had come from inside
}

// Kernel is a kind of router that translates with the kernel's own NAT, named for how it treats UDP. All kinds let
// everything out, drop unsolicited packets from outside, and translate TCP as Masquerade does. The words are RFC
// 4787's: mapping and filtering are endpoint-independent (EIM, EIF) or address and port-dependent (APDM, APDF).
type Kernel int

const (
	// Masquerade is the usual home router: port-preserving EIM, APDF. Two hosts that use the same source port towards
	// the same destination are told apart by a random port for the second.
	Masquerade Kernel = iota
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

func (k Kernel) String() string {
	names := []string{"masquerade", "input-accept", "fully-random", "sequential", "full-cone", "udp-blocked"}
	if k < 0 || int(k) >= len(names) {
		return fmt.Sprintf("Kernel(%d)", int(k))
	}
	return names[k]
}

// Userspace is a kind of router whose NAT runs in this process: what package nat can do, at some 80,000 packets a
// second. The links of such a router carry packets one by one, without segmentation offload, so bulk transfers are
// slower than behind the kernel's NAT: some 500 Mbit/s. Programs on the router itself reach the inside only.
//
//	natlab.Userspace(nat.Behaviour{Mapping: nat.APDM, Filtering: nat.APDF, Allocation: nat.Sequential})
//
// The options [Hairpin] and [PortBlock] add to the behaviour.
func Userspace(b nat.Behaviour) NAT { return userspaceNAT{b} }

type userspaceNAT struct{ nat.Behaviour }

// An Option refines a home or a carrier NAT.
type Option func(*options) error

type options struct {
	subnet              netip.Prefix // the inside
	outside             netip.Addr   // invalid: the next free one
	ipv6                bool
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

// Outside is the router's outside address, instead of the next free one. It is for router programs that refuse the
// documentation ranges of RFC 5737. Like those it is known in the lab only: nothing that is sent there leaves it.
func Outside(addr string) Option {
	return func(o *options) (err error) {
		if o.outside, err = netip.ParseAddr(addr); err != nil {
			return fmt.Errorf("outside address: %w", err)
		}
		if !o.outside.Is4() || !o.outside.IsGlobalUnicast() {
			return fmt.Errorf("outside address %s: want an IPv4 unicast address", addr)
		}
		return nil
	}
}

// Hairpin lets inside hosts reach each other through the router's outside address (RFC 4787, section 6), with
// the outside address as source. Without it such packets end at the router. The kernel's NAT filters them
// endpoint-independently, [Userspace] as it does those from outside.
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
