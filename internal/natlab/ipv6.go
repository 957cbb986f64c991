//go:build linux

package natlab

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// This file is all that a lab with IPv6 has in addition. Everything is routed and nothing is translated:
//
//	PublicHost 2001:db8:1::1 ──┐
//	                       internet 2001:db8::1
//	                           │
//	            2001:db8:2::1  │  firewall: out, and what belongs to it in
//	Home        router ────────┘
//	            2001:db8:3:1::1
//	            └── Host 2001:db8:3:1::2
//
// Addresses are static, from the documentation prefix of RFC 3849, and work at once (no duplicate address detection).
// There are no router advertisements, and only the routers' inside has a link-local address, for neighbour discovery.

// The address plan of IPv6. A home's prefix is 2001:db8:3:n::/64.
var (
	internetGateway6 = netip.MustParseAddr("2001:db8::1")
	homePrefixes     = netip.MustParsePrefix("2001:db8:3::/48")
	linkLocal        = netip.MustParseAddr("fe80::1") // every router's, from which it asks who has an inside address
)

const (
	publicHosts6 = "2001:db8:1::/64"
	homeRouters6 = "2001:db8:2::/64"
)

// IPv6 gives the internet IPv6 next to IPv4, and with it the public hosts and the homes on it, but for those that are
// [IPv4Only]. Home routers let all of it out, and in what belongs to what has gone out, as home routers do; none
// translates it. A home keeps its prefix when its router gets a new address. Carriers' customers have IPv4 alone.
func IPv6() LabOption {
	return func(o *labOptions) error {
		o.ipv6 = true
		return nil
	}
}

// IPv4Only is a home without IPv6 in a lab that has it.
func IPv4Only() Option {
	return func(o *options) error {
		o.ipv6 = false
		return nil
	}
}

// enableIPv6 turns IPv6 on in a namespace that has no interfaces but loopback yet: those to come have the addresses
// that they are given, and are silent otherwise.
func (ns *namespace) enableIPv6() error {
	return ns.Do(func() error {
		for _, setting := range []struct{ path, value string }{
			{"default/addr_gen_mode", "1"}, // no link-local addresses
			{"default/accept_ra", "0"},
			{"default/router_solicitations", "0"},
			{"all/accept_dad", "0"},
			{"default/accept_dad", "0"},
			{"default/disable_ipv6", "0"},
			{"all/disable_ipv6", "0"},
		} {
			if err := sysctl("ipv6/conf/"+setting.path, setting.value); err != nil {
				return fmt.Errorf("turn IPv6 on: %w", err)
			}
		}
		return nil
	})
}

// addIPv6 gives the home a prefix, and its router an address and a firewall.
func (h *Home) addIPv6(number int, blockUDP bool) error {
	outside, err := h.lab.routers6.next()
	if err != nil {
		return err
	}
	if err := h.provider.assign(h.Node, outside); err != nil {
		return err
	}
	prefix := homePrefix(number)
	if err := h.provider.delegate(h.Node, prefix); err != nil {
		return err
	}
	h.hosts6 = addressPool{prefix: prefix, last: prefix.Addr()}
	gateway, err := h.hosts6.next()
	if err != nil {
		return err
	}
	bridge := end{ns: h.ns, name: lanInterface}
	for _, addr := range []netip.Addr{gateway, linkLocal} {
		if err := bridge.addAddress(ipNet(netip.PrefixFrom(addr, 64))); err != nil {
			return err
		}
	}
	if err := bridge.ns.awaitAddress(gateway); err != nil {
		return err
	}
	return h.ns.rules(firewall6Table, func(rs *ruleset) { firewall6Rules(rs, blockUDP) })
}

// awaitAddress waits until packets to an IPv6 address of the namespace's own arrive. The kernel drops those that come
// between the moment it was added and a job of its own soon after.
func (ns *namespace) awaitAddress(addr netip.Addr) error {
	for deadline := time.Now().Add(settleTime); ; time.Sleep(time.Millisecond) {
		routes, err := ns.links.RouteGet(addr.AsSlice())
		if err == nil && len(routes) > 0 && routes[0].Type == unix.RTN_LOCAL {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("address %v does not work after %v", addr, settleTime)
		}
	}
}

// homePrefix is the nth home's.
func homePrefix(n int) netip.Prefix {
	bytes := homePrefixes.Addr().As16()
	bytes[6], bytes[7] = byte(n>>8), byte(n)
	return netip.PrefixFrom(netip.AddrFrom16(bytes), 64)
}

// addIPv6Host gives a host that is plugged in an address from the home's prefix.
func (h *Home) addIPv6Host(host *Host) error {
	addr, err := h.hosts6.next()
	if err != nil {
		return err
	}
	host.addrs = append(host.addrs, addr)
	if err := host.uplink.near.addAddress(ipNet(netip.PrefixFrom(addr, h.hosts6.prefix.Bits()))); err != nil {
		return err
	}
	if err := host.ns.awaitAddress(addr); err != nil {
		return err
	}
	gateway := h.hosts6.prefix.Addr().Next()
	if err := host.ns.links.RouteAdd(&netlink.Route{Gw: gateway.AsSlice()}); err != nil {
		return fmt.Errorf("add default route via %v: %w", gateway, err)
	}
	return nil
}

// delegate routes a prefix to the customer, behind the IPv6 address it was assigned.
func (p *provider) delegate(customer *Node, prefix netip.Prefix) error {
	customer.prefix = prefix
	link, err := customer.uplink.far.link()
	if err != nil {
		return err
	}
	route := &netlink.Route{
		LinkIndex: link.Attrs().Index, Dst: ipNet(prefix), Gw: customer.IPv6().AsSlice(), Flags: int(netlink.FLAG_ONLINK),
	}
	if err := p.ns.links.RouteReplace(route); err != nil {
		return fmt.Errorf("add route to %v: %w", prefix, err)
	}
	return nil
}

// The firewall of a home router for IPv6, as `nft list ruleset` would show it. It is the kernel's for every kind of NAT.
//
//	table ip6 firewall {
//	  chain forward     { type filter hook forward priority filter; policy drop
//	    meta l4proto udp drop                                                               # udp-blocked
//	    ct state established,related accept
//	    iifname != "wan" accept
//	  }
//	  chain input       { type filter hook input priority filter; policy drop
//	    ct state established,related accept
//	    iifname != "wan" accept
//	  }
//	}
var firewall6Table = table{nftables.TableFamilyIPv6, "firewall"}

func firewall6Rules(rs *ruleset, blockUDP bool) {
	forward := rs.filterChain("forward", nftables.ChainHookForward, nftables.ChainPriorityFilter, nftables.ChainPolicyDrop)
	if blockUDP {
		forward.add(udp(), drop())
	}
	input := rs.filterChain("input", nftables.ChainHookInput, nftables.ChainPriorityFilter, nftables.ChainPolicyDrop)
	for _, c := range []chain{forward, input} {
		c.add(knownConnection(), accept())
		c.add(arrivesNotFrom(accessInterface), accept())
	}
}

// blocksUDP reports whether a kind of router passes no UDP, which goes for IPv6, too.
func blocksUDP(kind NAT) bool {
	switch kind := kind.(type) {
	case Kernel:
		return kind == UDPBlocked
	case userspaceNAT:
		return kind.UDPBlocked
	}
	return false
}

// forgetConnections empties the kernel's connection tracking, whatever translates IPv4.
func (ns *namespace) forgetConnections() error {
	if err := ns.links.ConntrackTableFlush(netlink.ConntrackTable); err != nil {
		return fmt.Errorf("flush conntrack: %w", err)
	}
	return nil
}

// forwardIPv6 makes a namespace with IPv6 a router.
func (ns *namespace) forwardIPv6() error {
	return ns.Do(func() error {
		return errors.Join(
			sysctl("ipv6/conf/all/forwarding", "1"),
			sysctl("ipv6/conf/default/forwarding", "1"),
		)
	})
}
