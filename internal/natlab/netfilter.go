//go:build linux

package natlab

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"peerd/internal/natlab/nat"
)

// netfilter is the engine of the kernel's kinds of NAT: nftables rules and connection tracking.
type netfilter struct {
	*Router
	kind   Kernel
	sender *sender
}

// countTable counts the connections that the router has opened.
var countTable = table{nftables.TableFamilyIPv4, "count"}

const openedChain = "opened"

func (k Kernel) engine(r *Router) (engine, error) {
	sender, err := openSender(r.ns)
	if err != nil {
		return nil, err
	}
	r.lab.onClose(sender.close)
	f := &netfilter{Router: r, kind: k, sender: sender}
	if err := f.ns.rules(countTable, countOpened); err != nil {
		return nil, err
	}
	return f, f.installFirewall()
}

// countOpened: a chain of type nat sees the first packet of each connection, and this one sees it before the others do.
func countOpened(rs *ruleset) {
	before := nftables.ChainPriorityRef(*nftables.ChainPriorityNATSource - 1)
	rs.chain(openedChain, nftables.ChainTypeNAT, nftables.ChainHookPostrouting, before).add(counter())
}

// attach has nothing to prepare: the kernel translates super-packets too.
func (f *netfilter) attach(*uplink) error { return nil }

func (f *netfilter) readdress() error {
	if err := f.installFirewall(); err != nil {
		return err
	}
	return f.forget()
}

func (f *netfilter) forget() error {
	return errors.Join(f.ns.forgetConnections(), f.flushMappings())
}

// setRunning has nothing to do: the router's blackout stops the kernel's translation as well.
func (f *netfilter) setRunning(bool) error { return nil }

func (f *netfilter) setUDPTimeout(timeout time.Duration) error {
	if timeout%time.Second != 0 {
		return fmt.Errorf("%v is not a number of seconds, which the kernel wants", timeout)
	}
	seconds := strconv.Itoa(int(timeout / time.Second))
	return f.ns.Do(func() error {
		return errors.Join(
			sysctl("netfilter/nf_conntrack_udp_timeout", seconds),
			sysctl("netfilter/nf_conntrack_udp_timeout_stream", seconds),
		)
	})
}

func (f *netfilter) flows() (Flows, error) {
	entries, err := f.ns.links.ConntrackTableList(netlink.ConntrackTable, unix.AF_INET)
	if err != nil {
		return Flows{}, fmt.Errorf("list conntrack entries: %w", err)
	}
	type outside struct {
		protocol uint8
		port     uint16
	}
	mappings := map[outside]bool{}
	for _, e := range entries {
		mappings[outside{e.Reverse.Protocol, e.Reverse.DstPort}] = true
	}
	opened, err := f.opened()
	return Flows{Mappings: len(mappings), Open: len(entries), Opened: opened}, err
}

func (f *netfilter) opened() (count int, err error) {
	err = f.ns.Do(func() error {
		rs, err := newRuleset(countTable)
		if err != nil {
			return err
		}
		rules, err := rs.conn.GetRules(rs.table, &nftables.Chain{Name: openedChain, Table: rs.table})
		if err != nil {
			return fmt.Errorf("read the count of connections: %w", err)
		}
		for _, rule := range rules {
			for _, e := range rule.Exprs {
				if counter, ok := e.(*expr.Counter); ok {
					count += int(counter.Packets)
				}
			}
		}
		return nil
	})
	return count, err
}

func (f *netfilter) dropped(nat.Drop) (int, error) {
	return 0, errors.New("only userspace routers count what they drop")
}

// send has the kernel treat the packet as the router's own, which it translates like any other.
func (f *netfilter) send(packet []byte) error { return f.sender.send(packet) }
