//go:build linux

package natlab

import (
	"encoding/binary"
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// halfOpenTable drops what belongs to the TCP connections that passed the router when it was made, as
// `nft list ruleset` would show it, with two rules for each:
//
//	table ip half-open {
//	  chain forward { type filter hook forward priority filter; policy accept
//	    meta l4proto tcp tcp sport INSIDE drop
//	    meta l4proto tcp tcp dport INSIDE drop
//	  }
//	}
var halfOpenTable = table{nftables.TableFamilyIPv4, "half-open"}

// SilenceTCP drops, without a word to either end, whatever comes of the TCP connections that pass the router now. New
// ones, from other inside ports, are not touched. It is for routers that the kernel translates for, and returns how many
// connections there are.
func (r *Router) SilenceTCP() (connections int) {
	r.lab.reporter.Helper()
	r.try("silence TCP connections", func() error {
		flows, err := r.ns.links.ConntrackTableList(netlink.ConntrackTable, unix.AF_INET)
		if err != nil {
			return fmt.Errorf("list conntrack entries: %w", err)
		}
		return r.ns.rules(halfOpenTable, func(rs *ruleset) {
			forward := rs.filterChain("forward", nftables.ChainHookForward, nftables.ChainPriorityFilter, nftables.ChainPolicyAccept)
			for _, flow := range flows {
				if flow.Forward.Protocol == unix.IPPROTO_TCP {
					forward.add(tcpPort(tcpSource, flow.Forward.SrcPort), drop())
					forward.add(tcpPort(tcpDestination, flow.Forward.SrcPort), drop())
					connections++
				}
			}
		})
	})
	return connections
}

// Offsets in the TCP header.
const (
	tcpSource      = 0
	tcpDestination = 2
)

// tcpPort: meta l4proto tcp tcp sport (or dport) port
func tcpPort(offset uint32, port uint16) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: register}, equal([]byte{unix.IPPROTO_TCP}),
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseTransportHeader, Offset: offset, Len: 2},
		equal(binary.BigEndian.AppendUint16(nil, port)),
	}
}
