//go:build linux

package natlab

import (
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// AddPrefix routes a whole prefix to the node and makes every address in it the node's own, as if it were a network of
// so many machines. Programs on the node may send from any of them: over IPv4 as it is, over IPv6 with the socket option
// IPV6_FREEBIND. A prefix of IPv6 needs a lab with [IPv6].
func (n *Node) AddPrefix(prefix netip.Prefix) {
	n.lab.reporter.Helper()
	n.try(fmt.Sprintf("route %v to %s", prefix, n.name), func() error {
		gateway := n.Addr()
		if prefix.Addr().Is6() {
			gateway = n.IPv6()
		}
		far := n.uplink.far
		link, err := far.link()
		if err != nil {
			return err
		}
		err = far.ns.links.RouteAdd(&netlink.Route{
			LinkIndex: link.Attrs().Index, Dst: ipNet(prefix), Gw: gateway.AsSlice(), Flags: int(netlink.FLAG_ONLINK),
		})
		if err != nil {
			return fmt.Errorf("add the route: %w", err)
		}
		loopback, err := n.ns.links.LinkByName("lo")
		if err != nil {
			return fmt.Errorf("find the loopback interface: %w", err)
		}
		err = n.ns.links.RouteAdd(&netlink.Route{
			LinkIndex: loopback.Attrs().Index, Dst: ipNet(prefix),
			Type: unix.RTN_LOCAL, Table: unix.RT_TABLE_LOCAL, Scope: netlink.SCOPE_HOST,
		})
		if err != nil {
			return fmt.Errorf("make the addresses local: %w", err)
		}
		return nil
	})
}

// Traffic is what has passed a node's uplink.
type Traffic struct {
	Sent, Received uint64 // bytes, with all headers
}

// Traffic returns what has passed the node's uplink since it was laid.
func (n *Node) Traffic() (t Traffic) {
	n.lab.reporter.Helper()
	n.try("read the uplink's counters", func() error {
		link, err := n.uplink.near.link()
		if err != nil {
			return err
		}
		if counted := link.Attrs().Statistics; counted != nil {
			t = Traffic{Sent: counted.TxBytes, Received: counted.RxBytes}
		}
		return nil
	})
	return t
}
