//go:build linux

package natlab

import (
	"fmt"
	"net"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// The router's rules, as `nft list ruleset` would show them for a full cone with hairpin; the other kinds have less.
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
const (
	natTable      = "nat"
	filterTable   = "filter"
	blackoutTable = "blackout"
	mappingsMap   = "mappings"
)

// Sequential allocation walks through these outside ports, again and again.
const (
	sequentialFirst = 20_000
	sequentialPorts = 40_000
)

// installFirewall (re)places the router's NAT and filter. Connection tracking keeps what it knows.
func (r *Router) installFirewall() error {
	// Small batches: nftables v0.3.0 loses acknowledgements of large ones.
	if err := r.rules(filterTable, r.filterRules); err != nil {
		return err
	}
	return r.rules(natTable, r.natRules)
}

// rules replaces a table in one transaction.
func (r *Router) rules(name string, fill func(*ruleset)) error {
	return r.ns.Do(func() error {
		rs, err := newRuleset(name)
		if err != nil {
			return err
		}
		rs.create()
		rs.delete() // what an earlier call left
		rs.create()
		fill(rs)
		return rs.commit()
	})
}

func (r *Router) natRules(rs *ruleset) {
	outside, inside := hostPrefix(r.Addr()), ipNet(r.options.subnet)

	if r.notesMappings() {
		rs.addMappings(mappingsMap)
		pre := rs.chain("prerouting", nftables.ChainTypeNAT, nftables.ChainHookPrerouting, nftables.ChainPriorityNATDest)
		if r.nat == FullCone {
			pre.add(arrivesFrom(accessInterface), udp(), dnatToMapping())
		}
		if r.options.hairpin {
			pre.add(sourceIn(inside), destinationIn(outside), udp(), dnatToMapping())
		}
	}

	post := rs.chain("postrouting", nftables.ChainTypeNAT, nftables.ChainHookPostrouting, nftables.ChainPriorityNATSource)
	post.add(leavesTo(accessInterface), udp(), r.sourceNAT(outside.IP))
	post.add(leavesTo(accessInterface), plainMasquerade())
	if r.options.hairpin {
		post.add(sourceIn(inside), conntrackStatus(statusDNAT), snatTo(outside.IP))
	}

	if r.notesMappings() {
		learn := rs.chain("learn", nftables.ChainTypeFilter, nftables.ChainHookPostrouting,
			nftables.ChainPriorityRef(*nftables.ChainPriorityNATSource+10))
		learn.add(udp(), originalDirection(), conntrackStatus(statusSNAT), noteMapping())
	}
}

// notesMappings reports whether the router forwards by mapping what connection tracking alone would not.
func (r *Router) notesMappings() bool { return r.nat == FullCone || r.options.hairpin }

// sourceNAT is how the router's kind allocates outside ports.
func (r *Router) sourceNAT(outside net.IP) []expr.Any {
	switch {
	case r.options.firstPort != 0:
		return snatToPorts(outside, r.options.firstPort, r.options.lastPort)
	case r.nat == FullyRandom:
		return fullyRandomMasquerade()
	case r.nat == Sequential:
		return snatToNextPort(outside, sequentialFirst, sequentialPorts)
	default:
		return plainMasquerade()
	}
}

func (r *Router) filterRules(rs *ruleset) {
	forward := rs.filterChain("forward", nftables.ChainHookForward, nftables.ChainPriorityFilter, nftables.ChainPolicyDrop)
	if r.nat == UDPBlocked {
		forward.add(udp(), drop())
	}
	forward.add(knownConnection(), accept())
	forward.add(arrivesNotFrom(accessInterface), accept())
	forward.add(conntrackStatus(statusDNAT), accept())

	policy := nftables.ChainPolicyDrop
	if r.nat == InputAccept {
		policy = nftables.ChainPolicyAccept
	}
	input := rs.filterChain("input", nftables.ChainHookInput, nftables.ChainPriorityFilter, policy)
	input.add(knownConnection(), accept())
	input.add(arrivesNotFrom(accessInterface), accept())
}

// installBlackout drops everything before connection tracking sees it.
func (r *Router) installBlackout() error {
	return r.rules(blackoutTable, func(rs *ruleset) {
		for name, hook := range map[string]*nftables.ChainHook{
			"prerouting": nftables.ChainHookPrerouting,
			"output":     nftables.ChainHookOutput,
		} {
			rs.filterChain(name, hook, nftables.ChainPriorityRaw, nftables.ChainPolicyDrop)
		}
	})
}

func (r *Router) removeBlackout() error {
	return r.ns.Do(func() error {
		rs, err := newRuleset(blackoutTable)
		if err != nil {
			return err
		}
		rs.create() // so that there is something to delete
		rs.delete()
		return rs.commit()
	})
}

// flushMappings empties the map of noted mappings, if the router has one.
func (r *Router) flushMappings() error {
	if !r.notesMappings() {
		return nil
	}
	return r.ns.Do(func() error {
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
