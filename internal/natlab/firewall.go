//go:build linux

package natlab

import (
	"fmt"
	"net"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// The rules of a router that the kernel translates for, as `nft list ruleset` would show them for a full cone with hairpin; the other kinds have less.
//
//	table ip nat {
//	  map mappings { type inet_service : ipv4_addr . inet_service; flags dynamic,timeout; timeout 5m }
//	  chain prerouting  { type nat hook prerouting priority dstnat
//	    iifname "wan" meta l4proto udp dnat to udp dport map @mappings                      # full cone
//	    ip saddr INSIDE ip daddr OUTSIDE meta l4proto udp dnat to udp dport map @mappings   # hairpin
//	  }
//	  chain postrouting { type nat hook postrouting priority srcnat
//	    oifname "wan" masquerade
//	    ip saddr INSIDE ct status dnat snat to OUTSIDE                                      # hairpin
//	  }
//	  chain learn       { type filter hook postrouting priority srcnat + 10
//	    meta l4proto udp ct direction original ct status snat
//	      update @mappings { udp sport : ct original ip saddr . ct original proto-src }
//	  }
//	}
//	table ip filter {
//	  chain forward     { type filter hook forward priority filter; policy drop
//	    meta l4proto udp drop                                                               # udp-blocked
//	    ct state established,related accept
//	    iifname != "wan" accept
//	    ct status dnat accept
//	  }
//	  chain input       { type filter hook input priority filter; policy drop               # accept: input-accept
//	    ct state established,related accept
//	    iifname != "wan" accept
//	  }
//	}
var (
	natTable    = table{nftables.TableFamilyIPv4, "nat"}
	filterTable = table{nftables.TableFamilyIPv4, "filter"}
)

const mappingsMap = "mappings"

// Sequential allocation walks through these outside ports, again and again.
const (
	sequentialFirst = 20_000
	sequentialPorts = 40_000
)

// installFirewall (re)places the router's NAT and filter. Connection tracking keeps what it knows.
func (f *netfilter) installFirewall() error {
	// Small batches: nftables v0.3.0 loses acknowledgements of large ones.
	if err := f.ns.rules(filterTable, f.filterRules); err != nil {
		return err
	}
	return f.ns.rules(natTable, f.natRules)
}

func (f *netfilter) natRules(rs *ruleset) {
	outside, inside := hostPrefix(f.Addr()), ipNet(f.options.subnet)

	if f.notesMappings() {
		rs.addMappings(mappingsMap)
		pre := rs.chain("prerouting", nftables.ChainTypeNAT, nftables.ChainHookPrerouting, nftables.ChainPriorityNATDest)
		if f.kind == FullCone {
			pre.add(arrivesFrom(accessInterface), udp(), dnatToMapping())
		}
		if f.options.hairpin {
			pre.add(sourceIn(inside), destinationIn(outside), udp(), dnatToMapping())
		}
	}

	post := rs.chain("postrouting", nftables.ChainTypeNAT, nftables.ChainHookPostrouting, nftables.ChainPriorityNATSource)
	post.add(leavesTo(accessInterface), udp(), f.sourceNAT(outside.IP))
	post.add(leavesTo(accessInterface), plainMasquerade())
	if f.options.hairpin {
		post.add(sourceIn(inside), conntrackStatus(statusDNAT), snatTo(outside.IP))
	}

	if f.notesMappings() {
		learn := rs.chain("learn", nftables.ChainTypeFilter, nftables.ChainHookPostrouting,
			nftables.ChainPriorityRef(*nftables.ChainPriorityNATSource+10))
		learn.add(udp(), originalDirection(), conntrackStatus(statusSNAT), noteMapping())
	}
}

// notesMappings reports whether the router forwards by mapping what connection tracking alone would not.
func (f *netfilter) notesMappings() bool { return f.kind == FullCone || f.options.hairpin }

// sourceNAT is how the router's kind allocates outside ports.
func (f *netfilter) sourceNAT(outside net.IP) []expr.Any {
	switch {
	case f.options.firstPort != 0:
		return snatToPorts(outside, f.options.firstPort, f.options.lastPort)
	case f.kind == FullyRandom:
		return fullyRandomMasquerade()
	case f.kind == Sequential:
		return snatToNextPort(outside, sequentialFirst, sequentialPorts)
	default:
		return plainMasquerade()
	}
}

func (f *netfilter) filterRules(rs *ruleset) {
	forward := rs.filterChain("forward", nftables.ChainHookForward, nftables.ChainPriorityFilter, nftables.ChainPolicyDrop)
	if f.kind == UDPBlocked {
		forward.add(udp(), drop())
	}
	forward.add(knownConnection(), accept())
	forward.add(arrivesNotFrom(accessInterface), accept())
	forward.add(conntrackStatus(statusDNAT), accept())

	policy := nftables.ChainPolicyDrop
	if f.kind == InputAccept {
		policy = nftables.ChainPolicyAccept
	}
	input := rs.filterChain("input", nftables.ChainHookInput, nftables.ChainPriorityFilter, policy)
	input.add(knownConnection(), accept())
	input.add(arrivesNotFrom(accessInterface), accept())
}

// flushMappings empties the map of noted mappings, if the router has one.
func (f *netfilter) flushMappings() error {
	if !f.notesMappings() {
		return nil
	}
	return f.ns.Do(func() error {
		rs, err := newRuleset(natTable)
		if err != nil {
			return err
		}
		rs.conn.FlushSet(&nftables.Set{Table: rs.table, Name: mappingsMap})
		if err := rs.commit(); err != nil {
			return fmt.Errorf("flush mappings: %w", err)
		}
		return nil
	})
}
