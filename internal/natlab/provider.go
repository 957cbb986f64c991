//go:build linux

package natlab

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A provider is the far side of access links: the internet's core, or a carrier NAT. Every customer has a link of
// its own, so that customers are a routed hop apart, and the gateway address is the same on all of them.
type provider struct {
	lab     *Lab
	ns      *namespace
	gateway netip.Addr
	// gateway6 is the same in IPv6, invalid if the provider has none.
	gateway6 netip.Addr
	ports    int
	attach   func(*uplink) error // prepares a new customer's link; nil if there is nothing to prepare
}

// accessInterface is the customer's end of an access link.
const accessInterface = "wan"

// connect links the customer to p and routes addr to it.
func (p *provider) connect(customer *Node, addr netip.Addr, link Link) error {
	p.ports++
	u := &uplink{
		lab:  p.lab,
		near: end{customer.ns, accessInterface, hardwareAddr(1, p.ports)},
		far:  end{p.ns, fmt.Sprintf("port%d", p.ports), hardwareAddr(2, p.ports)},
	}
	u.plugIn = func() error { return p.serve(customer, u.far) }
	customer.uplink = u
	if err := u.lay(); err != nil {
		return err
	}
	if p.attach != nil {
		if err := p.attach(u); err != nil {
			return err
		}
	}
	if err := p.assign(customer, addr); err != nil {
		return err
	}
	return u.set(link)
}

func (p *provider) hasIPv6() bool { return p.gateway6.IsValid() }

// serve configures the provider's end of a customer's link: the gateway addresses and the routes to the customer. It
// runs again when the end was replaced.
func (p *provider) serve(customer *Node, far end) error {
	if err := far.addAddress(hostPrefix(p.gateway)); err != nil {
		return err
	}
	if p.hasIPv6() {
		if err := far.addAddress(hostPrefix(p.gateway6)); err != nil {
			return err
		}
	}
	if err := far.bringUp(); err != nil {
		return err
	}
	for _, addr := range customer.addrs {
		if err := p.route(customer, addr); err != nil {
			return err
		}
	}
	if customer.prefix.IsValid() {
		return p.delegate(customer, customer.prefix)
	}
	return nil
}

// assign gives the customer one more address.
func (p *provider) assign(customer *Node, addr netip.Addr) error {
	if err := customer.uplink.near.addAddress(hostPrefix(addr)); err != nil {
		return err
	}
	if err := p.route(customer, addr); err != nil {
		return err
	}
	customer.addrs = append(customer.addrs, addr)
	if addr.Is4() {
		return p.defaultRoute(customer, p.gateway)
	}
	if err := customer.ns.awaitAddress(addr); err != nil {
		return err
	}
	return p.defaultRoute(customer, p.gateway6)
}

// withdraw takes an address away from the customer.
func (p *provider) withdraw(customer *Node, addr netip.Addr) error {
	near, far := customer.uplink.near, customer.uplink.far
	link, err := near.link()
	if err != nil {
		return err
	}
	if err := near.ns.links.AddrDel(link, &netlink.Addr{IPNet: hostPrefix(addr)}); err != nil {
		return fmt.Errorf("remove address %v: %w", addr, err)
	}
	if link, err = far.link(); err != nil {
		return err
	}
	if err := far.ns.links.RouteDel(customerRoute(link, addr)); err != nil {
		return fmt.Errorf("remove route to %v: %w", addr, err)
	}
	return nil
}

// route sends what is for addr to the customer. The neighbour entries here and in defaultRoute are permanent: an ARP
// exchange would delay the first packet of a slow link by a round trip, and a lossy link's by seconds.
func (p *provider) route(customer *Node, addr netip.Addr) error {
	near, far := customer.uplink.near, customer.uplink.far
	link, err := far.link()
	if err != nil {
		return err
	}
	if err := p.ns.links.NeighSet(neighbour(link, addr, near.mac)); err != nil {
		return fmt.Errorf("set neighbour %v: %w", addr, err)
	}
	if err := p.ns.links.RouteReplace(customerRoute(link, addr)); err != nil {
		return fmt.Errorf("add route to %v: %w", addr, err)
	}
	return nil
}

// defaultRoute points the customer at one of the provider's gateway addresses.
func (p *provider) defaultRoute(customer *Node, gateway netip.Addr) error {
	near, far := customer.uplink.near, customer.uplink.far
	link, err := near.link()
	if err != nil {
		return err
	}
	if err := near.ns.links.NeighSet(neighbour(link, gateway, far.mac)); err != nil {
		return fmt.Errorf("set neighbour %v: %w", gateway, err)
	}
	route := &netlink.Route{LinkIndex: link.Attrs().Index, Gw: gateway.AsSlice(), Flags: int(netlink.FLAG_ONLINK)}
	if err := near.ns.links.RouteReplace(route); err != nil {
		return fmt.Errorf("add default route via %v: %w", gateway, err)
	}
	return nil
}

func customerRoute(link netlink.Link, addr netip.Addr) *netlink.Route {
	return &netlink.Route{LinkIndex: link.Attrs().Index, Dst: hostPrefix(addr), Scope: netlink.SCOPE_LINK}
}

func neighbour(link netlink.Link, addr netip.Addr, mac net.HardwareAddr) *netlink.Neigh {
	return &netlink.Neigh{
		LinkIndex:    link.Attrs().Index,
		Family:       familyOf(addr),
		State:        unix.NUD_PERMANENT,
		IP:           addr.AsSlice(),
		HardwareAddr: mac,
	}
}

// hardwareAddr is a locally administered address for one side of a numbered link.
func hardwareAddr(side byte, link int) net.HardwareAddr {
	return net.HardwareAddr{0x02, 0, 0, side, byte(link >> 8), byte(link)}
}
