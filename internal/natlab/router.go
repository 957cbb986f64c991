//go:build linux

package natlab

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/vishvananda/netlink"
)

// A Router is a home router or a carrier's NAT. As a [Node], its address is the outside one.
type Router struct {
	*Node
	provider *provider
	nat      NAT
	options  options
	pool     *addressPool // where outside addresses come from
}

// newRouter builds a router of the given kind behind a provider.
func (l *Lab) newRouter(name string, p *provider, pool *addressPool, nat NAT, link Link, o options) (*Router, error) {
	ns, err := l.newRouterNamespace()
	if err != nil {
		return nil, err
	}
	addr, err := pool.next()
	if err != nil {
		return nil, err
	}
	r := &Router{Node: &Node{lab: l, name: name, ns: ns}, provider: p, nat: nat, options: o, pool: pool}
	if err := p.connect(r.Node, addr, link); err != nil {
		return nil, err
	}
	return r, r.installFirewall()
}

// FlushConntrack forgets every mapping and connection, as a reboot does.
func (r *Router) FlushConntrack() {
	r.lab.reporter.Helper()
	r.try("flush conntrack", r.flushConntrack)
}

func (r *Router) flushConntrack() error {
	if err := r.ns.links.ConntrackTableFlush(netlink.ConntrackTable); err != nil {
		return err
	}
	return r.flushMappings()
}

// SetDown stops the router: it forwards, receives and sends nothing. Its state is kept, and its LAN still works, as
// if the switch were a box of its own. A reboot is SetDown, [Router.FlushConntrack], [Router.SetUp].
func (r *Router) SetDown() {
	r.lab.reporter.Helper()
	r.try("stop", r.installBlackout)
}

// SetUp lets a stopped router run again.
func (r *Router) SetUp() {
	r.lab.reporter.Helper()
	r.try("run", r.removeBlackout)
}

// ChangeAddress gives the router a new outside address, as providers do overnight. Mappings on the old one are lost.
func (r *Router) ChangeAddress() {
	r.lab.reporter.Helper()
	r.try("change address", func() error {
		addr, err := r.pool.next()
		if err != nil {
			return err
		}
		old := r.Addr()
		if err := r.provider.assign(r.Node, addr); err != nil {
			return err
		}
		if err := r.provider.withdraw(r.Node, old); err != nil {
			return err
		}
		r.addrs = []netip.Addr{addr}
		if err := r.installFirewall(); err != nil {
			return err
		}
		return r.flushConntrack()
	})
}

// SetUDPTimeout sets how long UDP mappings live without traffic, in whole seconds, instead of Linux's 30 s (120 s
// once a flow has had replies for two seconds).
func (r *Router) SetUDPTimeout(timeout time.Duration) {
	r.lab.reporter.Helper()
	r.try("set UDP timeout", func() error {
		if timeout < time.Second || timeout%time.Second != 0 {
			return fmt.Errorf("%v is not a positive number of seconds", timeout)
		}
		seconds := strconv.Itoa(int(timeout / time.Second))
		return r.ns.Do(func() error {
			return errors.Join(
				sysctl("netfilter/nf_conntrack_udp_timeout", seconds),
				sysctl("netfilter/nf_conntrack_udp_timeout_stream", seconds),
			)
		})
	})
}
