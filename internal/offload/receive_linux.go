package offload

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batchSize is how many super-buffers one recvmmsg takes. Each needs a 64 KiB
// buffer of the caller's; beyond eight the system call's share is lost in the
// noise.
const batchSize = 8

// message is struct mmsghdr of recvmmsg(2).
type message struct {
	header unix.Msghdr
	length uint32
}

// receiver holds the memory that recvmmsg writes to.
type receiver struct {
	messages [batchSize]message
	vectors  [batchSize]unix.Iovec
	names    [batchSize]unix.RawSockaddrInet6 // the larger of the two families
	controls [batchSize][controlSize]byte

	count    int // messages prepared
	received int
	errno    unix.Errno
	receive  func(fd uintptr) bool // r.call, bound once: a method value allocates
}

// receivers recycles them: a socket with nothing to read needs none.
var receivers = sync.Pool{New: func() any {
	r := new(receiver)
	r.receive = r.call
	return r
}}

// prepare points the messages at the caller's buffers. The kernel overwrites
// the lengths, so they are set anew each time.
func (r *receiver) prepare(into []Datagrams) {
	r.count = len(into)
	for i := range into {
		buffer := into[i].Buffer[:cap(into[i].Buffer)]
		r.vectors[i].Base = unsafe.SliceData(buffer)
		r.vectors[i].SetLen(len(buffer))
		header := &r.messages[i].header
		header.Name = (*byte)(unsafe.Pointer(&r.names[i]))
		header.Namelen = unix.SizeofSockaddrInet6
		header.Iov = &r.vectors[i]
		header.SetIovlen(1)
		header.Control = &r.controls[i][0]
		header.SetControllen(controlSize)
	}
}

// call is one recvmmsg; it reports false when the socket has nothing, so that
// the runtime waits for it.
func (r *receiver) call(fd uintptr) bool {
	n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd,
		uintptr(unsafe.Pointer(&r.messages[0])), uintptr(r.count), unix.MSG_DONTWAIT, 0, 0)
	if errno == unix.EAGAIN || errno == unix.EINTR {
		return false
	}
	r.received, r.errno = int(n), errno
	return true
}

// parse turns what the kernel wrote for message i into d.
func (r *receiver) parse(i int, d *Datagrams) {
	n := int(r.messages[i].length)
	*d = Datagrams{Buffer: d.Buffer[:n], SegmentSize: n, From: source(&r.names[i])}
	header := &r.messages[i].header
	parseControls(r.controls[i][:header.Controllen], d)
	if d.SegmentSize <= 0 || d.SegmentSize > n {
		d.SegmentSize = n
	}
}

func source(name *unix.RawSockaddrInet6) netip.AddrPort {
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&name.Port))[:])
	if name.Family == unix.AF_INET {
		four := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		return netip.AddrPortFrom(netip.AddrFrom4(four.Addr), port)
	}
	addr := netip.AddrFrom16(name.Addr).Unmap()
	if name.Scope_id != 0 && addr.IsLinkLocalUnicast() {
		addr = addr.WithZone(zone(int(name.Scope_id)))
	}
	return netip.AddrPortFrom(addr, port)
}

// zone names an interface as package net does. Only link-local sources pay
// for the look-up.
func zone(index int) string {
	if link, err := net.InterfaceByIndex(index); err == nil {
		return link.Name
	}
	return strconv.Itoa(index)
}
