package offload

import (
	"errors"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// system is what Linux adds to a Conn.
type system struct {
	family int // unix.AF_INET or unix.AF_INET6 (which may be dual-stack)
}

// enable sets the socket's options. A kernel without one of them refuses it,
// and the Conn does without.
func (c *Conn) enable() {
	c.system.family = unix.AF_INET6
	_ = c.raw.Control(func(fd uintptr) { c.setOptions(int(fd)) })
}

func (c *Conn) setOptions(fd int) {
	if domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN); err == nil {
		c.system.family = domain
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_GRO, 1)
	if _, err := unix.GetsockoptInt(fd, unix.SOL_UDP, unix.UDP_SEGMENT); err != nil {
		c.single.Store(true)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_RECVTOS, 1)
	if c.system.family == unix.AF_INET6 {
		_ = unix.SetsockoptInt(fd, unix.SOL_IPV6, unix.IPV6_RECVTCLASS, 1)
	}
	if !c.wildcard() {
		return
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_PKTINFO, 1)
	if c.system.family == unix.AF_INET6 {
		_ = unix.SetsockoptInt(fd, unix.SOL_IPV6, unix.IPV6_RECVPKTINFO, 1)
	}
}

// send is one sendmsg; segmentSize 0 sends a single datagram.
func (c *Conn) send(local netip.Addr, b []byte, segmentSize int, ecn uint8, to netip.AddrPort) error {
	if segmentSize == 0 && ecn == 0 && !local.IsValid() {
		_, err := c.udp.WriteToUDPAddrPort(b, to)
		return err
	}
	control := controls.Get().(*control)
	defer controls.Put(control)
	control.reset()
	if segmentSize > 0 {
		control.addSegmentSize(segmentSize)
	}
	// An IPv4-mapped destination on an IPv6 socket takes the kernel's IPv4
	// road, which reads IPv4's control messages.
	four := to.Addr().Unmap().Is4()
	if ecn != 0 {
		control.addECN(four, ecn)
	}
	if local.IsValid() && local.Unmap().Is4() == four {
		control.addSource(local.Unmap())
	}
	_, _, err := c.udp.WriteMsgUDPAddrPort(b, control.bytes(), to)
	return err
}

// sendTTL is one sendmsg with a TTL.
func (c *Conn) sendTTL(b []byte, ttl int, to netip.AddrPort) error {
	control := controls.Get().(*control)
	defer controls.Put(control)
	control.reset()
	control.addTTL(to.Addr().Unmap().Is4(), ttl)
	_, _, err := c.udp.WriteMsgUDPAddrPort(b, control.bytes(), to)
	return err
}

// cannotSegment reports whether err says that the datagrams must be sent one
// by one. EIO: the outgoing device has no checksum offload, now or ever, which
// is remembered. EINVAL and EMSGSIZE: a segment is larger than this route's
// MTU, which is no property of the socket; the loop gives the true answer.
func (c *Conn) cannotSegment(err error) bool {
	if err == nil {
		return false
	}
	if errors.Is(err, unix.EIO) {
		c.single.Store(true)
		return true
	}
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EMSGSIZE)
}

// ReadBatch waits for datagrams and receives up to len(into) super-buffers
// with one system call. It returns how many elements of into it filled.
func (c *Conn) ReadBatch(into []Datagrams) (int, error) {
	r := receivers.Get().(*receiver)
	defer receivers.Put(r)
	into = into[:min(len(into), batchSize)]
	r.prepare(into)
	if err := c.raw.Read(r.receive); err != nil {
		return 0, err
	}
	if r.errno != 0 {
		return 0, &net.OpError{Op: "read", Net: "udp", Addr: c.udp.LocalAddr(), Err: r.errno}
	}
	for i := range into[:r.received] {
		r.parse(i, &into[i])
	}
	return r.received, nil
}
