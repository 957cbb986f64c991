//go:build linux

package natlab

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// A Node is a machine of the lab: a network namespace with an uplink. A [Host] is one, and so is a [Router].
type Node struct {
	lab    *Lab
	name   string
	ns     *namespace
	uplink *uplink
	addrs  []netip.Addr // the first is IPv4
	prefix netip.Prefix // of IPv6, routed to the node; invalid if there is none
}

// A Host is a machine that runs programs.
type Host struct{ *Node }

// Name returns the name given when the node was built.
func (n *Node) Name() string { return n.name }

// Addr returns the node's address on its uplink: a router's is its outside address.
func (n *Node) Addr() netip.Addr {
	if len(n.addrs) == 0 {
		return netip.Addr{} // the lab failed before the node had one
	}
	return n.addrs[0]
}

// Addrs returns all the node's addresses on its uplink.
func (n *Node) Addrs() []netip.Addr { return slices.Clone(n.addrs) }

// IPv6 returns the node's IPv6 address on its uplink, the zero Addr if it has none: see the lab option [IPv6].
func (n *Node) IPv6() netip.Addr {
	if i := slices.IndexFunc(n.addrs, netip.Addr.Is6); i >= 0 {
		return n.addrs[i]
	}
	return netip.Addr{}
}

// AddrPort returns the node's address with a port.
func (n *Node) AddrPort(port uint16) netip.AddrPort { return netip.AddrPortFrom(n.Addr(), port) }

// Link returns the quality of the node's uplink.
func (n *Node) Link() Link {
	if n.uplink == nil {
		return Link{}
	}
	return n.uplink.link
}

// SetLink changes the quality of the node's uplink. Packets already under way keep their delay.
func (n *Node) SetLink(link Link) {
	n.lab.reporter.Helper()
	n.try("set the link", func() error { return n.uplink.set(link) })
}

// Do runs f on a thread that lives in the node's network namespace, and returns its error. Sockets that f opens stay
// in the namespace wherever they are used later. What f starts on other goroutines is not in the namespace: net/http
// clients, resolvers and Happy Eyeballs escape to the host's network, so run those in a process. Do must not be
// called from within f.
func (n *Node) Do(f func() error) error {
	if err := n.lab.Err(); err != nil {
		return err
	}
	return n.ns.Do(f)
}

// ListenUDP opens a UDP socket on the node's address; port 0 picks one. It closes with the lab.
func (n *Node) ListenUDP(port uint16) *net.UDPConn {
	n.lab.reporter.Helper()
	return n.ListenUDPAt(n.AddrPort(port))
}

// ListenUDPAt is [Node.ListenUDP] on another address of the node, or on all of them.
func (n *Node) ListenUDPAt(addr netip.AddrPort) (conn *net.UDPConn) {
	n.lab.reporter.Helper()
	n.try(fmt.Sprintf("listen on UDP address %v", addr), func() (err error) {
		return n.ns.Do(func() error {
			network := "udp4"
			if addr.Addr().Is6() {
				network = "udp6"
			}
			conn, err = net.ListenUDP(network, net.UDPAddrFromAddrPort(addr))
			return n.closeWithLab(conn, err)
		})
	})
	return conn
}

// ListenTCP opens a TCP listener on the node's address; port 0 picks one. It closes with the lab.
func (n *Node) ListenTCP(port uint16) (listener *net.TCPListener) {
	n.lab.reporter.Helper()
	n.try(fmt.Sprintf("listen on TCP port %d", port), func() (err error) {
		return n.ns.Do(func() error {
			listener, err = net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(n.AddrPort(port)))
			return n.closeWithLab(listener, err)
		})
	})
	return listener
}

// DialTCP connects from the node. Unlike the other methods it returns its error: a refused or blocked connection is
// often what a test looks for. The node does nothing else until it is connected or ctx is done. The caller closes the
// connection.
func (n *Node) DialTCP(ctx context.Context, to netip.AddrPort) (conn *net.TCPConn, err error) {
	doErr := n.Do(func() error {
		var dialer net.Dialer
		conn, err = dialer.DialTCP(ctx, "tcp4", netip.AddrPort{}, to)
		return nil
	})
	if doErr != nil {
		return nil, doErr
	}
	return conn, err
}

func (n *Node) closeWithLab(c interface{ Close() error }, err error) error {
	if err == nil {
		n.lab.onClose(func() { _ = c.Close() }) // the test may have closed it already
	}
	return err
}

// try runs f unless the lab has failed before, and reports whether all is well.
func (n *Node) try(attempt string, f func() error) bool {
	n.lab.reporter.Helper()
	return n.lab.try(n.name+": "+attempt, f)
}
