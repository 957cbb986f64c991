//go:build linux

package natlab

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Transit is what the internet does to packets between two of its sites, in both directions, whatever their access
// links do. The zero value is a perfect one.
type Transit struct {
	Loss    float64 // the share of packets lost in each direction, from 0 to 1, each independently of the others
	Narrow  int     // IP packets of more bytes vanish without a word: a black hole; 0: none do
	Blocked bool    // nothing gets through
}

// transitTable drops IPv4 packets in the internet's first router, as `nft list ruleset` would show it:
//
//	table ip transit-198.51.100.1-198.51.100.2 {
//	  chain forward { type filter hook forward priority filter; policy accept
//	    iifname != "detour-in" ip saddr A ip daddr B numgen random mod 2^30 < LOSS drop     # and from B to A
//	    iifname != "detour-in" ip saddr A ip daddr B meta length > NARROW drop
//	    iifname != "detour-in" ip saddr A ip daddr B drop
//	  }
//	}
func transitTable(a, b netip.Addr) table {
	if b.Less(a) {
		a, b = b, a
	}
	return table{nftables.TableFamilyIPv4, fmt.Sprintf("transit-%v-%v", a, b)}
}

// SetTransit changes what happens to IPv4 packets between two sites, by their addresses at this moment. Both keep their
// paths to everybody else.
func (l *Lab) SetTransit(a, b *Node, transit Transit) {
	l.reporter.Helper()
	l.try(fmt.Sprintf("set the transit between %s and %s", a.name, b.name), func() error {
		if transit.Loss < 0 || transit.Loss > 1 || transit.Narrow < 0 {
			return fmt.Errorf("transit %+v: loss must be between 0 and 1, narrow not negative", transit)
		}
		return l.internet.ns.rules(transitTable(a.Addr(), b.Addr()), func(rs *ruleset) {
			forward := rs.filterChain("forward", nftables.ChainHookForward, nftables.ChainPriorityFilter, nftables.ChainPolicyAccept)
			forward.impair(a.Addr(), b.Addr(), transit)
			forward.impair(b.Addr(), a.Addr(), transit)
		})
	})
}

// impair adds the rules for one direction. A packet that comes back from the detour has passed them before.
func (c chain) impair(from, to netip.Addr, transit Transit) {
	drops := func(phrases ...[]expr.Any) {
		all := [][]expr.Any{arrivesNotFrom(detourIn), sourceIn(hostPrefix(from)), destinationIn(hostPrefix(to))}
		c.add(append(append(all, phrases...), drop())...)
	}
	if transit.Loss > 0 {
		drops(chance(transit.Loss))
	}
	if transit.Narrow > 0 {
		drops(longerThan(transit.Narrow))
	}
	if transit.Blocked {
		drops()
	}
}

// chance: numgen random mod 2^30 < share of that
func chance(share float64) []expr.Any {
	const all = 1 << 30
	return []expr.Any{
		&expr.Numgen{Register: register, Type: unix.NFT_NG_RANDOM, Modulus: all},
		&expr.Byteorder{SourceRegister: register, DestRegister: register, Op: expr.ByteorderHton, Len: 4, Size: 4},
		&expr.Cmp{Op: expr.CmpOpLt, Register: register, Data: bigEndian(uint32(math.Round(share * all)))},
	}
}

// longerThan: meta length > size
func longerThan(size int) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyLEN, Register: register},
		&expr.Byteorder{SourceRegister: register, DestRegister: register, Op: expr.ByteorderHton, Len: 4, Size: 4},
		&expr.Cmp{Op: expr.CmpOpGt, Register: register, Data: bigEndian(uint32(size))},
	}
}

// bigEndian is a number as comparisons of order want it.
func bigEndian(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
