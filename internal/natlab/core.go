//go:build linux

package natlab

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A LabOption changes the internet of a lab.
type LabOption func(*labOptions) error

type labOptions struct {
	hops int
	ipv6 bool
}

// Hops is how many routers of the internet a packet passes between any two of its sites, instead of one: 3 or more. Each
// lowers the TTL, and reports a packet whose TTL runs out. So a packet can leave a home and yet die before it
// reaches another. The routers are the same for all sites:
//
//	site ──▶ 192.0.2.1 ──▶ 192.0.2.2 ──▶ 192.0.2.3 …      the first router is also the last,
//	site ◀──     ▲                            │           so that all paths are equally long
//	             └────────────────────────────┘
func Hops(hops int) LabOption {
	return func(o *labOptions) error {
		if hops != 1 && hops < 3 || hops > maxHops {
			return fmt.Errorf("%d hops: want 1, or 3 to %d", hops, maxHops)
		}
		o.hops = hops
		return nil
	}
}

// maxHops leaves TTL for the way through homes and carriers; each is a namespace with a thread.
const maxHops = 32

// detourTable is the routing table of packets that sites have just handed to the internet.
const detourTable = 100

// The first router's interfaces to the second and from the last.
const (
	detourOut = "detour-out"
	detourIn  = "detour-in"
)

// newInternet builds the routers of the internet and returns the one that sites are connected to.
func (l *Lab) newInternet(o labOptions) (*provider, error) {
	first, err := l.newRouterNamespace(o.ipv6)
	if err != nil {
		return nil, err
	}
	discard := &netlink.Route{Dst: hostPrefix(nowhere), Type: unix.RTN_BLACKHOLE}
	if err := first.links.RouteAdd(discard); err != nil {
		return nil, fmt.Errorf("add route to nowhere: %w", err)
	}
	if o.hops > 1 {
		if err := l.addDetour(first, o); err != nil {
			return nil, fmt.Errorf("build a detour of %d routers: %w", o.hops-2, err)
		}
	}
	internet := &provider{lab: l, ns: first, gateway: internetGateway}
	if o.ipv6 {
		internet.gateway6 = internetGateway6
	}
	return internet, nil
}

// addDetour makes packets from sites pass through more routers and come back before the first delivers them.
func (l *Lab) addDetour(first *namespace, o labOptions) error {
	gateways := []netip.Addr{internetGateway}
	if o.ipv6 {
		gateways = append(gateways, internetGateway6)
	}
	routers := o.hops - 2
	from, leaving, addresses := first, detourOut, slices.Clone(gateways)
	for i := range routers {
		ns, err := l.newRouterNamespace(o.ipv6)
		if err != nil {
			return err
		}
		for family, address := range addresses {
			addresses[family] = address.Next()
		}
		table := unix.RT_TABLE_MAIN
		if i == 0 {
			table = detourTable
		}
		to := end{ns, "in", hardwareAddr(3, i)}
		if err := passOn(end{from, leaving, hardwareAddr(4, i)}, to, addresses, table); err != nil {
			return err
		}
		for _, address := range addresses {
			if err := to.addAddress(hostPrefix(address)); err != nil {
				return err
			}
		}
		from, leaving = ns, "out"
	}
	back := end{first, detourIn, hardwareAddr(3, routers)}
	if err := passOn(end{from, leaving, hardwareAddr(4, routers)}, back, gateways, unix.RT_TABLE_MAIN); err != nil {
		return err
	}
	link, err := back.link()
	if err != nil {
		return err
	}
	l.detour = link.Attrs().Index
	for _, gateway := range gateways {
		if err := divert(first, gateway); err != nil {
			return err
		}
	}
	return nil
}

// passOn lays a cable and routes everything through it, by the addresses at its other end.
func passOn(from, to end, addresses []netip.Addr, table int) error {
	if err := veth(from, to); err != nil {
		return err
	}
	if err := errors.Join(from.bringUp(), to.bringUp()); err != nil {
		return err
	}
	link, err := from.link()
	if err != nil {
		return err
	}
	for _, address := range addresses {
		if err := from.ns.links.NeighSet(neighbour(link, address, to.mac)); err != nil {
			return fmt.Errorf("set neighbour %v: %w", address, err)
		}
		route := &netlink.Route{
			LinkIndex: link.Attrs().Index, Gw: address.AsSlice(), Flags: int(netlink.FLAG_ONLINK), Table: table,
		}
		if err := from.ns.links.RouteAdd(route); err != nil {
			return fmt.Errorf("add default route via %v: %w", address, err)
		}
	}
	return settle(from, to)
}

// divert sends what arrives from sites on the detour. What comes back from it, and what the router itself has to say,
// goes to the sites, or nowhere if there is none. The gateway's family is the one that is diverted.
func divert(first *namespace, gateway netip.Addr) error {
	everything, _ := gateway.Prefix(0)
	lost := &netlink.Route{Dst: ipNet(everything), Type: unix.RTN_UNREACHABLE}
	if err := first.links.RouteAdd(lost); err != nil {
		return fmt.Errorf("add route for lost packets: %w", err)
	}
	for i, r := range []struct {
		from  string
		table int
	}{{detourIn, unix.RT_TABLE_MAIN}, {"lo", unix.RT_TABLE_MAIN}, {"", detourTable}} {
		rule := netlink.NewRule()
		rule.Family, rule.Priority, rule.IifName, rule.Table = familyOf(gateway), 100+i, r.from, r.table
		if err := first.links.RuleAdd(rule); err != nil {
			return fmt.Errorf("add routing rule: %w", err)
		}
	}
	return nil
}
