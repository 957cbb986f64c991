//go:build linux

package natlab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A Packet is an IPv4 packet that a [Capture] saw.
type Packet struct {
	At       time.Time
	Protocol uint8          // as in the IP header: 1 ICMP, 6 TCP, 17 UDP
	Src, Dst netip.AddrPort // port 0 for protocols without ports
	TTL      uint8
	Length   int    // of the IP packet; above the MTU for an offloaded super-packet
	Payload  []byte // of UDP and TCP; what follows the IP header of others
}

// The protocols that labs are about, as in [Packet].
const (
	ICMP = unix.IPPROTO_ICMP
	TCP  = unix.IPPROTO_TCP
	UDP  = unix.IPPROTO_UDP
)

func (p Packet) String() string {
	return fmt.Sprintf("%v > %v protocol %d ttl %d length %d", p.Src, p.Dst, p.Protocol, p.TTL, p.Length)
}

// A Capture records the packets that a node receives, from the moment it is made until it is closed. It sees each
// once, as it arrives: before NAT and before any firewall. It may be used from any goroutine.
type Capture struct {
	lab    *Lab
	name   string
	socket *os.File
	raw    syscall.RawConn
	ignore int // index of an interface that brings back what arrived before; 0: none
	reader sync.WaitGroup

	mu      sync.Mutex
	packets []Packet
	lost    uint32 // packets that the kernel had no room for
	closed  bool
}

// captureBuffer is how many bytes of packets the kernel keeps until they are read. Smaller, and a burst of traffic
// makes the capture fail.
const captureBuffer = 64 << 20

// Capture records what crosses the core of the internet: whatever passes between homes, carriers and public hosts,
// with outside addresses. It sees what enters the core, even if it dies there, but not what the core itself sends.
func (l *Lab) Capture() *Capture {
	l.reporter.Helper()
	capture := &Capture{lab: l, name: "internet", ignore: l.detour}
	l.try("capture on the internet", func() error { return capture.open(l.internet.ns) })
	return capture
}

// Capture records what the node receives. On a [Router] that is what it forwards: with inside source addresses from
// the inside, with the outside address as destination from the outside.
func (n *Node) Capture() *Capture {
	n.lab.reporter.Helper()
	capture := &Capture{lab: n.lab, name: n.name}
	n.try("capture", func() error { return capture.open(n.ns) })
	return capture
}

func (c *Capture) open(ns *namespace) (err error) {
	c.socket, err = openSocket(ns, c.name, unix.AF_PACKET, unix.SOCK_DGRAM, 0, func(fd int) error {
		if err := setReceiveBuffer(fd, captureBuffer); err != nil {
			return err
		}
		// One protocol rather than all of them: such sockets see what arrives, but neither what leaves nor, a second
		// time, what passes a bridge.
		return bindPacket(fd, unix.ETH_P_IP, 0)
	})
	if err != nil {
		return err
	}
	if c.raw, err = c.socket.SyscallConn(); err != nil {
		return errors.Join(err, c.socket.Close())
	}
	c.reader.Go(c.read)
	c.lab.onClose(c.Close)
	return nil
}

// read drains the socket whenever there is something in it, until it is closed.
func (c *Capture) read() {
	buffer := make([]byte, maxFrame)
	_ = c.raw.Read(func(fd uintptr) (done bool) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.closed {
			c.drain(int(fd), buffer)
		}
		return false
	})
}

// drain records what is in the socket now. The caller holds the lock.
func (c *Capture) drain(fd int, buffer []byte) {
	for {
		n, from, err := unix.Recvfrom(fd, buffer, unix.MSG_DONTWAIT)
		if err == unix.ENETDOWN || err == unix.EINTR {
			continue
		}
		if err != nil {
			break
		}
		if link, ok := from.(*unix.SockaddrLinklayer); ok && link.Ifindex == c.ignore {
			continue
		}
		if packet, ok := parsePacket(slices.Clone(buffer[:n])); ok {
			c.packets = append(c.packets, packet)
		}
	}
	if stats, err := unix.GetsockoptTpacketStats(fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
		c.lost += stats.Drops // since the last call
	}
}

// catchUp records what the reader has not come to yet. The caller holds the lock.
func (c *Capture) catchUp() error {
	if c.closed {
		return nil
	}
	return c.raw.Control(func(fd uintptr) { c.drain(int(fd), make([]byte, maxFrame)) })
}

// Packets returns what the capture has seen so far, in order. Whatever was received before a packet that reached its
// destination is included. Packets that the kernel had no room for are a failure of the lab, because then nothing can
// be said about what was not seen.
func (c *Capture) Packets() (packets []Packet) {
	c.lab.reporter.Helper()
	c.lab.try("read the capture on "+c.name, func() error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if err := c.catchUp(); err != nil {
			return err
		}
		if c.lost > 0 {
			return fmt.Errorf("%d packets arrived faster than they could be recorded", c.lost)
		}
		packets = slices.Clone(c.packets)
		return nil
	})
	return packets
}

// Count returns how many of the packets seen so far match.
func (c *Capture) Count(match func(Packet) bool) int {
	c.lab.reporter.Helper()
	count := 0
	for _, p := range c.Packets() {
		if match(p) {
			count++
		}
	}
	return count
}

// Close stops the capture. What it has seen stays available.
func (c *Capture) Close() {
	if c.socket == nil {
		return // the lab had failed before
	}
	c.mu.Lock()
	_ = c.catchUp() // an open socket does not fail
	c.closed = true
	c.mu.Unlock()
	_ = c.socket.Close() // waits for the reader, which may want the lock; fails if closed before
	c.reader.Wait()
}

// parsePacket decodes an IPv4 packet. The result keeps b.
func parsePacket(b []byte) (Packet, bool) {
	const fragmentOffset = 0x1fff
	if len(b) < 20 || b[0]>>4 != 4 {
		return Packet{}, false
	}
	header := int(b[0]&0x0f) * 4
	if header < 20 || len(b) < header {
		return Packet{}, false
	}
	p := Packet{At: time.Now(), Protocol: b[9], TTL: b[8], Length: len(b), Payload: b[header:]}
	var srcPort, dstPort uint16
	first := binary.BigEndian.Uint16(b[6:])&fragmentOffset == 0
	if transport := transportHeader(p.Protocol, p.Payload); first && transport > 0 {
		srcPort, dstPort = binary.BigEndian.Uint16(p.Payload), binary.BigEndian.Uint16(p.Payload[2:])
		p.Payload = p.Payload[transport:]
	}
	p.Src = netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[12:16])), srcPort)
	p.Dst = netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[16:20])), dstPort)
	return p, true
}

// transportHeader is the length of the UDP or TCP header that b starts with, 0 if it is neither or cut off.
func transportHeader(protocol uint8, b []byte) int {
	length := 0
	switch {
	case protocol == UDP:
		length = 8
	case protocol == TCP && len(b) >= 20:
		length = max(20, int(b[12]>>4)*4)
	}
	if length > len(b) {
		return 0
	}
	return length
}
