//go:build linux

package natlab

import (
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
)

// lanInterface is the bridge that a home's hosts are plugged into.
const lanInterface = "lan"

// A Home is a private network behind a router. Its methods as a [Router] concern the router.
type Home struct {
	*Router
	hosts  addressPool
	hosts6 addressPool // of the IPv6 prefix
	ports  int
}

// A Carrier is a provider that puts its customers behind a NAT of its own: their routers' outside addresses are from
// 100.64.0.0/10 (RFC 6598). Its methods as a [Router] concern the carrier's NAT.
type Carrier struct {
	*Router
	access    *provider
	customers addressPool
}

// PublicHost adds a machine with a public address, 203.0.113.x, and no firewall. Give a zero [Link] for full
// throughput.
func (l *Lab) PublicHost(name string, link Link) *Host {
	l.reporter.Helper()
	host := &Host{&Node{lab: l, name: name}}
	l.try("add public host "+name, func() (err error) {
		addr, err := l.hosts.next()
		if err != nil {
			return err
		}
		if host.ns, err = l.newHostNamespace(l.internet.hasIPv6()); err != nil {
			return err
		}
		if err := l.internet.connect(host.Node, addr, link); err != nil || !l.internet.hasIPv6() {
			return err
		}
		if addr, err = l.hosts6.next(); err != nil {
			return err
		}
		return l.internet.assign(host.Node, addr)
	})
	return host
}

// AddPublicAddress gives a public host one more address.
func (l *Lab) AddPublicAddress(host *Host) (addr netip.Addr) {
	l.reporter.Helper()
	host.try("add a public address", func() (err error) {
		if addr, err = l.hosts.next(); err != nil {
			return err
		}
		return l.internet.assign(host.Node, addr)
	})
	return addr
}

// Home adds a home on the public internet. Its router's outside address is a public one, 198.51.100.x; link is its
// access link.
func (l *Lab) Home(name string, kind NAT, link Link, opts ...Option) *Home {
	l.reporter.Helper()
	return l.newHome(name, l.internet, &l.routers, kind, link, opts)
}

// Home adds a home that is a customer of the carrier.
func (c *Carrier) Home(name string, kind NAT, link Link, opts ...Option) *Home {
	c.lab.reporter.Helper()
	return c.lab.newHome(name, c.access, &c.customers, kind, link, opts)
}

func (l *Lab) newHome(name string, p *provider, pool *addressPool, kind NAT, link Link, opts []Option) *Home {
	l.reporter.Helper()
	home := &Home{Router: &Router{Node: &Node{lab: l, name: name}}}
	l.try("add home "+name, func() error {
		l.subnets++
		o, err := newOptions(options{subnet: privateSubnet(l.subnets), ipv6: p.hasIPv6()}, opts)
		if err != nil {
			return err
		}
		router, err := l.newRouter(name, p, pool, kind, link, o)
		if err != nil {
			return err
		}
		home.Router = router
		home.hosts = addressPool{prefix: o.subnet, last: o.subnet.Addr().Next()}
		if err := home.addBridge(); err != nil || !o.ipv6 {
			return err
		}
		return home.addIPv6(l.subnets, blocksUDP(kind))
	})
	return home
}

// privateSubnet is the nth home's default.
func privateSubnet(n int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168, byte(n), 0}), 24)
}

// Gateway returns the router's inside address, the first of the subnet. What the router listens on there, its hosts can
// reach.
func (h *Home) Gateway() netip.Addr { return h.gateway() }

func (h *Home) addBridge() error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = lanInterface
	// A snooping bridge speaks IGMP, which would show up in captures.
	if err := h.ns.links.LinkAdd(&netlink.Bridge{LinkAttrs: attrs, MulticastSnooping: new(false)}); err != nil {
		return fmt.Errorf("create bridge: %w", err)
	}
	bridge := end{ns: h.ns, name: lanInterface}
	if err := bridge.addAddress(ipNet(netip.PrefixFrom(h.Gateway(), h.options.subnet.Bits()))); err != nil {
		return err
	}
	return bridge.bringUp()
}

// Host adds a machine to the home's network.
func (h *Home) Host(name string) *Host {
	h.lab.reporter.Helper()
	host := &Host{&Node{lab: h.lab, name: name}}
	h.lab.try(fmt.Sprintf("add host %s to home %s", name, h.name), func() (err error) {
		addr, err := h.hosts.next()
		if err != nil {
			return err
		}
		if host.ns, err = h.lab.newHostNamespace(h.options.ipv6); err != nil {
			return err
		}
		host.addrs = []netip.Addr{addr}
		if err := h.plugIn(host); err != nil || !h.options.ipv6 {
			return err
		}
		return h.addIPv6Host(host)
	})
	return host
}

// plugIn connects a host to the bridge and points it at the router.
func (h *Home) plugIn(host *Host) error {
	h.ports++
	u := &uplink{
		lab:  h.lab,
		near: end{ns: host.ns, name: "eth0"},
		far:  end{ns: h.ns, name: fmt.Sprintf("port%d", h.ports)},
	}
	u.plugIn = func() error { return h.bridgePort(u.far) }
	host.uplink = u
	if err := u.lay(); err != nil {
		return err
	}
	if err := h.engine.attach(u); err != nil {
		return err
	}
	if err := u.near.addAddress(ipNet(netip.PrefixFrom(host.Addr(), h.options.subnet.Bits()))); err != nil {
		return err
	}
	if err := host.ns.links.RouteAdd(&netlink.Route{Gw: h.Gateway().AsSlice()}); err != nil {
		return fmt.Errorf("add default route via %v: %w", h.Gateway(), err)
	}
	return settle(end{ns: h.ns, name: lanInterface})
}

func (h *Home) bridgePort(far end) error {
	bridge, err := h.ns.links.LinkByName(lanInterface)
	if err != nil {
		return fmt.Errorf("find bridge: %w", err)
	}
	link, err := far.link()
	if err != nil {
		return err
	}
	if err := h.ns.links.LinkSetMaster(link, bridge); err != nil {
		return fmt.Errorf("add %s to bridge: %w", far.name, err)
	}
	return far.bringUp()
}

// CarrierNAT adds a carrier whose NAT has a public address, 198.51.100.x; link is its link to the internet. Its
// customers reach each other directly by their 100.64.0.0/10 addresses.
func (l *Lab) CarrierNAT(name string, kind NAT, link Link, opts ...Option) *Carrier {
	l.reporter.Helper()
	carrier := &Carrier{Router: &Router{Node: &Node{lab: l, name: name}}}
	l.try("add carrier "+name, func() error {
		o, err := newOptions(options{subnet: carrierPrefix}, opts)
		if err != nil {
			return err
		}
		router, err := l.newRouter(name, l.internet, &l.routers, kind, link, o)
		if err != nil {
			return err
		}
		carrier.Router = router
		carrier.access = &provider{lab: l, ns: router.ns, gateway: router.gateway(), attach: router.engine.attach}
		carrier.customers = addressPool{prefix: o.subnet, last: router.gateway()}
		return nil
	})
	return carrier
}
