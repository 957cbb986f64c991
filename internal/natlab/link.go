//go:build linux

package natlab

import (
	"cmp"
	"fmt"
	"net"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Link is the quality of a cable, the same in both directions. The zero value is a perfect one: no delay, no loss,
// and the throughput of the kernel.
type Link struct {
	Delay time.Duration // one way, so that a round trip takes at least twice as long
	Loss  float64       // the share of packets lost in each direction, from 0 to 1, each independently of the others
	Down  bool          // pulled out: nothing gets through
	// Reorder is the share of packets, from 0 to 1, that skip Delay and so overtake those sent before them; Duplicate is
	// the share that arrives twice. Both in each direction, each packet independently of the others.
	Reorder, Duplicate float64
	// MTU is the largest IP packet, in bytes; 0: 1500. The kernel at either end cuts up or refuses what is longer, and a
	// router tells its sender (RFC 1191), but for a [Userspace] one, which is silent: a black hole.
	MTU int
}

// leastMTU is what every IPv4 link carries (RFC 791); a link of less than 1280 has no IPv6.
const leastMTU = 68

// defaultMTU is that of Ethernet, and of a link that asks for none.
const defaultMTU = 1500

// An uplink is the cable from a machine to what it is plugged into. It starts as a plain veth pair. The first
// impairment cuts it in two and joins the halves with a wire, which stays:
//
//	near ─veth─ far                     perfect
//	near ─veth─ (wire) ─veth─ far       delayed, lossy, shuffled or down
type uplink struct {
	lab       *Lab
	near, far end
	plugIn    func() error // configures the far end; called again when the far end was replaced
	link      Link
	wire      *wire // nil while plain
}

// An end is a network interface in a namespace.
type end struct {
	ns   *namespace
	name string
	mac  net.HardwareAddr
}

// lay creates the veth pair, plugs in its far end and waits until the cable works.
func (u *uplink) lay() error {
	if err := veth(u.near, u.far); err != nil {
		return err
	}
	if err := u.plugIn(); err != nil {
		return err
	}
	if err := u.near.bringUp(); err != nil {
		return err
	}
	return settle(u.near, u.far)
}

// set changes the quality of the cable. Packets already under way keep their delay.
func (u *uplink) set(link Link) error {
	if link.Delay < 0 {
		return fmt.Errorf("link %+v: delay must not be negative", link)
	}
	for _, share := range []float64{link.Loss, link.Reorder, link.Duplicate} {
		if share < 0 || share > 1 {
			return fmt.Errorf("link %+v: a share of the packets must be between 0 and 1", link)
		}
	}
	if link.Reorder > 0 && link.Delay == 0 {
		return fmt.Errorf("link %+v: packets overtake others only where there is a delay to skip", link)
	}
	if link.MTU != 0 && (link.MTU < leastMTU || link.MTU > defaultMTU) {
		return fmt.Errorf("link %+v: want an MTU from %d to %d", link, leastMTU, defaultMTU)
	}
	if u.wire == nil && link.needsWire() {
		if err := u.insertWire(); err != nil {
			return fmt.Errorf("insert a wire: %w", err)
		}
	}
	if u.wire != nil {
		u.wire.set(link)
	}
	if err := u.setMTU(cmp.Or(link.MTU, defaultMTU)); err != nil {
		return err
	}
	u.link = link
	return nil
}

// needsWire reports whether more than a veth pair is needed.
func (l Link) needsWire() bool { return l.Delay > 0 || l.Loss > 0 || l.Duplicate > 0 || l.Down }

// setMTU has both ends of the cable send no longer packets than that.
func (u *uplink) setMTU(mtu int) error {
	for _, e := range []end{u.near, u.far} {
		link, err := e.link()
		if err != nil {
			return err
		}
		if link.Attrs().MTU == mtu {
			continue
		}
		if err := e.ns.links.LinkSetMTU(link, mtu); err != nil {
			return fmt.Errorf("set the MTU of %s to %d: %w", e.name, mtu, err)
		}
	}
	return nil
}

// insertWire cuts the cable. The near end keeps its addresses, routes and NAT state: it only sees its carrier go and
// come back.
func (u *uplink) insertWire() error {
	wires, err := u.lab.wireNamespace()
	if err != nil {
		return err
	}
	half, err := u.far.link()
	if err != nil {
		return err
	}
	if err := u.far.ns.links.LinkSetNsFd(half, int(wires.file.Fd())); err != nil {
		return fmt.Errorf("move %s: %w", u.far.name, err)
	}
	u.lab.cables++
	left := end{ns: wires, name: fmt.Sprintf("left%d", u.lab.cables)}
	right := end{ns: wires, name: fmt.Sprintf("right%d", u.lab.cables)}
	if half, err = (end{ns: wires, name: u.far.name}).link(); err != nil {
		return err
	}
	if err := wires.links.LinkSetName(half, left.name); err != nil {
		return fmt.Errorf("rename %s: %w", u.far.name, err)
	}
	if err := veth(u.far, right); err != nil {
		return err
	}
	if err := u.plugIn(); err != nil {
		return err
	}
	if err := u.disableSegmentation(); err != nil {
		return err
	}
	if u.wire, err = newWire(left, right); err != nil {
		return err
	}
	u.lab.onClose(u.wire.close)
	return settle(u.near, left, right, u.far)
}

// wireNamespace is where the lab's wires pass through.
func (l *Lab) wireNamespace() (*namespace, error) {
	if l.wires == nil {
		ns, err := l.newNamespace()
		if err != nil {
			return nil, err
		}
		l.wires = ns
	}
	return l.wires, nil
}

// veth creates a pair of interfaces, one in each namespace.
func veth(a, b end) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.HardwareAddr = a.name, a.mac
	pair := netlink.NewVeth(attrs)
	pair.PeerName, pair.PeerHardwareAddr = b.name, b.mac
	pair.PeerNamespace = netlink.NsFd(b.ns.file.Fd())
	if err := a.ns.links.LinkAdd(pair); err != nil {
		return fmt.Errorf("create veth pair %s, %s: %w", a.name, b.name, err)
	}
	return nil
}

func (e end) link() (netlink.Link, error) {
	link, err := e.ns.links.LinkByName(e.name)
	if err != nil {
		return nil, fmt.Errorf("find interface %s: %w", e.name, err)
	}
	return link, nil
}

// settle waits until interfaces pass packets. The kernel notices a carrier up to a second late, and drops what is sent
// before.
func settle(ends ...end) error {
	deadline := time.Now().Add(settleTime)
	for _, e := range ends {
		for {
			link, err := e.link()
			if err != nil {
				return err
			}
			if link.Attrs().OperState == netlink.OperUp {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("interface %s has no carrier after %v", e.name, settleTime)
			}
			time.Sleep(time.Millisecond)
		}
	}
	return nil
}

// settleTime is a hang guard for what takes a second at most.
const settleTime = 10 * time.Second

func (e end) bringUp() error { return e.ns.setUp(e.name) }

func (e end) addAddress(addr *net.IPNet) error {
	link, err := e.link()
	if err != nil {
		return err
	}
	address := &netlink.Addr{IPNet: addr}
	if addr.IP.To4() == nil {
		address.Flags = unix.IFA_F_NODAD // it works at once
	}
	if err := e.ns.links.AddrAdd(link, address); err != nil {
		return fmt.Errorf("add address %v to %s: %w", addr, e.name, err)
	}
	return nil
}

// disableSegmentation makes the kernel cut offloaded super-packets up before they enter the cable, so that a wire delays
// and loses packets and not bursts of them, and a userspace NAT sees the packets that the internet would.
func (u *uplink) disableSegmentation() error {
	for _, e := range []end{u.near, u.far} {
		link, err := e.link()
		if err != nil {
			return err
		}
		if err := e.ns.links.LinkSetGSOMaxSegs(link, 1); err != nil {
			return fmt.Errorf("limit %s to one segment per packet: %w", e.name, err)
		}
	}
	return nil
}
