// Package offload moves UDP datagrams in super-buffers: many datagrams of one
// flow in one system call, split and joined by the kernel or the network card
// (GSO and GRO on Linux). It serves the rendezvous' relay, which forwards a
// super-buffer as it came, and the peers' sockets below QUIC.
//
//	ReadBatch ──► Datagrams{Buffer, SegmentSize} ──► Write
//
//	Buffer   ┌───────────┬───────────┬───────────┬──────┐
//	         │ datagram  │ datagram  │ datagram  │ last │   all of SegmentSize,
//	         └───────────┴───────────┴───────────┴──────┘   the last may be shorter
//
// Where the system knows no offload, ReadBatch returns single datagrams and
// Write sends a loop of them: callers need not tell the difference.
//
// It is not a packet-conn for QUIC (punch/socket builds that on it), and it
// knows nothing about what the datagrams mean.
package offload

import (
	"fmt"
	"iter"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"
)

// BufferSize is the capacity a Datagrams' Buffer should have. The kernel joins
// at most 64 KiB; in a smaller buffer a joined datagram is cut off.
const BufferSize = 64 << 10

const (
	// maxSegments is what one GSO send may carry (UDP_MAX_SEGMENTS of kernels
	// before 6.9); a kernel answers EINVAL to more.
	maxSegments = 64
	// maxPayload is the largest UDP payload of IPv4: 65,535 less 20 of IP and
	// 8 of UDP header. A larger send fails with EMSGSIZE.
	maxPayload = 65507
)

// Datagrams is one received super-buffer: datagrams of one source, one
// destination and one ECN mark, back to back.
type Datagrams struct {
	// Buffer belongs to the caller. ReadBatch fills it from its start up to its
	// capacity and sets its length to what was received.
	Buffer []byte
	// SegmentSize is the length of every datagram but the last, which may be
	// shorter. It is len(Buffer) when there is only one.
	SegmentSize int
	// ECN is the two-bit congestion mark of RFC 3168; 0 where it is unknown.
	ECN uint8
	// From is the source, never an IPv4-mapped address.
	From netip.AddrPort
	// Local is the address the datagrams were sent to, so that an answer can
	// leave from it (WriteFrom). It is only known on sockets bound to a
	// wildcard address, and the zero Addr elsewhere.
	Local netip.Addr
}

// Segments yields each datagram of d; they alias d.Buffer.
func (d *Datagrams) Segments() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		rest := d.Buffer
		for len(rest) > d.SegmentSize && d.SegmentSize > 0 {
			if !yield(rest[:d.SegmentSize:d.SegmentSize]) {
				return
			}
			rest = rest[d.SegmentSize:]
		}
		yield(rest)
	}
}

// A Conn is a UDP socket with offloads. One goroutine at a time may call
// ReadBatch; every other method may be called concurrently. Reading and
// writing allocate nothing per datagram.
type Conn struct {
	udp *net.UDPConn
	raw syscall.RawConn
	// system is what the operating system's file adds: buffers of recvmmsg.
	system system
	// single is set when the kernel cannot segment (or this route cannot:
	// EIO), so that Write does not try again and again.
	single atomic.Bool
}

// New wraps c, which must be unconnected, and switches on what the system
// offers: receive offload, ECN, and the destination address on wildcard
// sockets. What it does not offer is no error.
func New(c *net.UDPConn) *Conn {
	conn := &Conn{udp: c}
	conn.raw, _ = c.SyscallConn() // fails for a nil c only
	conn.enable()
	return conn
}

// Write sends b as datagrams of segmentSize (the last may be shorter) to one
// destination, in one system call where the kernel can. A segmentSize of 0, or
// not below len(b), sends a single datagram. When an error is returned, any
// number of the datagrams may have been sent.
func (c *Conn) Write(b []byte, segmentSize int, ecn uint8, to netip.AddrPort) error {
	return c.WriteFrom(netip.Addr{}, b, segmentSize, ecn, to)
}

// WriteFrom is Write with the source address chosen: local is one of the
// host's own addresses, normally Datagrams.Local of the question. The zero
// Addr leaves the choice to the kernel.
func (c *Conn) WriteFrom(local netip.Addr, b []byte, segmentSize int, ecn uint8, to netip.AddrPort) error {
	if segmentSize <= 0 || segmentSize >= len(b) {
		return c.send(local, b, 0, ecn, to)
	}
	for len(b) > 0 {
		chunk := b[:min(len(b), chunkSize(segmentSize))]
		if err := c.writeChunk(local, chunk, segmentSize, ecn, to); err != nil {
			return err
		}
		b = b[len(chunk):]
	}
	return nil
}

// WriteTTL sends b as a single datagram with a TTL of its own (IPv6: hop limit),
// 1 to 255; other datagrams, also those sent at the same time, keep the
// socket's. Where the system cannot do that it sends nothing and returns
// errors.ErrUnsupported.
func (c *Conn) WriteTTL(b []byte, ttl int, to netip.AddrPort) error {
	if ttl < 1 || ttl > 255 {
		return fmt.Errorf("a TTL of %d is not from 1 to 255", ttl)
	}
	return c.sendTTL(b, ttl, to)
}

// Wait returns when there is something to read: a caller with many sockets
// needs a buffer only then. A nil error is a hint. It returns net.ErrClosed
// after Close.
func (c *Conn) Wait() error {
	return c.raw.Read(waitReadable())
}

// Readable reports whether there is something to read now, as far as the system
// tells.
func (c *Conn) Readable() bool {
	readable := false
	err := c.raw.Control(func(fd uintptr) { readable = isReadable(fd) })
	return err == nil && readable
}

// chunkSize is the largest multiple of segmentSize that one send may carry.
func chunkSize(segmentSize int) int {
	return segmentSize * max(1, min(maxSegments, maxPayload/segmentSize))
}

func (c *Conn) writeChunk(local netip.Addr, b []byte, segmentSize int, ecn uint8, to netip.AddrPort) error {
	if len(b) > segmentSize && !c.single.Load() {
		err := c.send(local, b, segmentSize, ecn, to)
		if !c.cannotSegment(err) {
			return err
		}
	}
	for len(b) > 0 {
		segment := b[:min(len(b), segmentSize)]
		if err := c.send(local, segment, 0, ecn, to); err != nil {
			return err
		}
		b = b[len(segment):]
	}
	return nil
}

// Close closes the socket; a blocked ReadBatch returns net.ErrClosed.
func (c *Conn) Close() error { return c.udp.Close() }

// LocalAddr returns the socket's address, a *net.UDPAddr.
func (c *Conn) LocalAddr() net.Addr { return c.udp.LocalAddr() }

// SetReadDeadline makes ReadBatch return os.ErrDeadlineExceeded from t on.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.udp.SetReadDeadline(t) }

// SetReadBuffer sets the size of the kernel's receive buffer in bytes.
func (c *Conn) SetReadBuffer(bytes int) error { return c.udp.SetReadBuffer(bytes) }

// SetWriteBuffer sets the size of the kernel's send buffer in bytes.
func (c *Conn) SetWriteBuffer(bytes int) error { return c.udp.SetWriteBuffer(bytes) }

// SyscallConn gives access to the socket for further options. Do not read
// through it: only ReadBatch understands joined datagrams.
func (c *Conn) SyscallConn() (syscall.RawConn, error) { return c.udp.SyscallConn() }

// wildcard reports whether the socket is bound to no particular address.
func (c *Conn) wildcard() bool {
	addr, ok := c.udp.LocalAddr().(*net.UDPAddr)
	return ok && (len(addr.IP) == 0 || addr.IP.IsUnspecified())
}
