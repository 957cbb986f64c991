//go:build linux

package natlab

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/google/nftables"

	"peerd/internal/natlab/nat"
)

// A Router is a home router or a carrier's NAT. As a [Node], its address is the outside one.
type Router struct {
	*Node
	provider   *provider
	options    options
	pool       *addressPool // where outside addresses come from
	engine     engine
	background *background // nil if there is none
}

// newRouter builds a router of the given kind behind a provider.
func (l *Lab) newRouter(name string, p *provider, pool *addressPool, kind NAT, link Link, o options) (*Router, error) {
	ns, err := l.newRouterNamespace(o.ipv6)
	if err != nil {
		return nil, err
	}
	addr := o.outside
	if !addr.IsValid() {
		if addr, err = pool.next(); err != nil {
			return nil, err
		}
	}
	r := &Router{Node: &Node{lab: l, name: name, ns: ns}, provider: p, options: o, pool: pool}
	if err := p.connect(r.Node, addr, link); err != nil {
		return nil, err
	}
	if r.engine, err = kind.engine(r); err != nil {
		return nil, fmt.Errorf("set up NAT %v: %w", kind, err)
	}
	return r, r.engine.attach(r.uplink)
}

// gateway is the router's inside address.
func (r *Router) gateway() netip.Addr { return r.options.subnet.Addr().Next() }

// FlushConntrack forgets every mapping and connection, as a reboot does.
func (r *Router) FlushConntrack() {
	r.lab.reporter.Helper()
	r.try("flush conntrack", func() error {
		if err := r.engine.forget(); err != nil || !r.options.ipv6 {
			return err
		}
		return r.ns.forgetConnections() // the firewall's, which every engine leaves to the kernel
	})
}

// SetDown stops the router: it forwards, receives and sends nothing. Its state is kept, and its LAN still works, as
// if the switch were a box of its own. A reboot is SetDown, [Router.FlushConntrack], [Router.SetUp].
func (r *Router) SetDown() {
	r.lab.reporter.Helper()
	r.try("stop", func() error {
		if err := r.engine.setRunning(false); err != nil {
			return err
		}
		return r.ns.rules(blackoutTable, blackoutRules)
	})
}

// SetUp lets a stopped router run again.
func (r *Router) SetUp() {
	r.lab.reporter.Helper()
	r.try("run", func() error {
		if err := r.ns.removeRules(blackoutTable); err != nil {
			return err
		}
		return r.engine.setRunning(true)
	})
}

var blackoutTable = table{nftables.TableFamilyINet, "blackout"}

// blackoutRules drop everything before connection tracking sees it.
func blackoutRules(rs *ruleset) {
	for name, hook := range map[string]*nftables.ChainHook{
		"prerouting": nftables.ChainHookPrerouting,
		"output":     nftables.ChainHookOutput,
	} {
		rs.filterChain(name, hook, nftables.ChainPriorityRaw, nftables.ChainPolicyDrop)
	}
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
		r.addrs = slices.DeleteFunc(r.addrs, func(a netip.Addr) bool { return a == old || a == addr })
		r.addrs = slices.Insert(r.addrs, 0, addr)
		return r.engine.readdress()
	})
}

// SetUDPTimeout sets how long UDP mappings live without traffic. The kernel's NAT takes whole seconds only, and has 30
// to begin with (120 once a flow has had replies for two seconds).
func (r *Router) SetUDPTimeout(timeout time.Duration) {
	r.lab.reporter.Helper()
	r.try("set UDP timeout", func() error {
		if timeout <= 0 {
			return fmt.Errorf("%v is not a positive time", timeout)
		}
		return r.engine.setUDPTimeout(timeout)
	})
}

// Flows is what a router has and had to remember. A flow is what one inside endpoint and one remote endpoint exchange,
// in any protocol over IPv4: an entry of the kernel's connection tracking.
type Flows struct {
	Mappings int // outside ports in use now
	Open     int // flows that the router keeps now
	Opened   int // flows that it ever kept
}

// Flows returns how many flows the router keeps, and has opened since it was built.
func (r *Router) Flows() (flows Flows) {
	r.lab.reporter.Helper()
	r.try("count flows", func() (err error) {
		flows, err = r.engine.flows()
		return err
	})
	return flows
}

// Dropped returns how many packets a [Userspace] router has dropped for a reason. The kernel does not tell.
func (r *Router) Dropped(why nat.Drop) (count int) {
	r.lab.reporter.Helper()
	r.try("count drops", func() (err error) {
		count, err = r.engine.dropped(why)
		return err
	})
	return count
}
