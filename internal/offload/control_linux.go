package offload

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// controlSize holds every control message the kernel may hand us or we it:
// segment size, traffic class and packet info, each with a header.
const controlSize = 128

// control builds the control messages of one send.
type control struct {
	buffer [controlSize]byte
	used   int
}

// controls recycles them: a buffer on the stack would escape into the system
// call and cost an allocation per send.
var controls = sync.Pool{New: func() any { return new(control) }}

func (c *control) reset()        { c.used = 0 }
func (c *control) bytes() []byte { return c.buffer[:c.used] }

// add appends a header and returns the zeroed data area of the given size.
func (c *control) add(level, kind int32, size int) []byte {
	start := c.used
	header := (*unix.Cmsghdr)(unsafe.Pointer(&c.buffer[start]))
	header.Level, header.Type = level, kind
	header.SetLen(unix.CmsgLen(size))
	c.used += unix.CmsgSpace(size)
	data := c.buffer[start+unix.CmsgLen(0) : c.used]
	clear(data)
	return data[:size]
}

func (c *control) addSegmentSize(bytes int) {
	binary.NativeEndian.PutUint16(c.add(unix.SOL_UDP, unix.UDP_SEGMENT, 2), uint16(bytes))
}

func (c *control) addECN(four bool, ecn uint8) {
	level, kind := int32(unix.SOL_IPV6), int32(unix.IPV6_TCLASS)
	if four {
		level, kind = unix.SOL_IP, unix.IP_TOS
	}
	binary.NativeEndian.PutUint32(c.add(level, kind, 4), uint32(ecn&3))
}

func (c *control) addTTL(four bool, ttl int) {
	level, kind := int32(unix.SOL_IPV6), int32(unix.IPV6_HOPLIMIT)
	if four {
		level, kind = unix.SOL_IP, unix.IP_TTL
	}
	binary.NativeEndian.PutUint32(c.add(level, kind, 4), uint32(ttl))
}

func (c *control) addSource(local netip.Addr) {
	if local.Is4() {
		info := (*unix.Inet4Pktinfo)(unsafe.Pointer(&c.add(unix.SOL_IP, unix.IP_PKTINFO, unix.SizeofInet4Pktinfo)[0]))
		info.Spec_dst = local.As4()
		return
	}
	info := (*unix.Inet6Pktinfo)(unsafe.Pointer(&c.add(unix.SOL_IPV6, unix.IPV6_PKTINFO, unix.SizeofInet6Pktinfo)[0]))
	info.Addr = local.As16()
}

// parseControls reads the received control messages into d. Unknown and cut
// off ones are passed over.
func parseControls(b []byte, d *Datagrams) {
	for len(b) >= unix.CmsgLen(0) {
		header := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
		length := int(header.Len)
		if length < unix.CmsgLen(0) || length > len(b) {
			return
		}
		parseControl(header.Level, header.Type, b[unix.CmsgLen(0):length], d)
		b = b[min(len(b), unix.CmsgSpace(length-unix.CmsgLen(0))):]
	}
}

func parseControl(level, kind int32, data []byte, d *Datagrams) {
	switch {
	case level == unix.SOL_UDP && kind == unix.UDP_GRO && len(data) >= 4:
		d.SegmentSize = int(binary.NativeEndian.Uint32(data))
	case level == unix.SOL_UDP && kind == unix.UDP_GRO && len(data) >= 2:
		d.SegmentSize = int(binary.NativeEndian.Uint16(data))
	case level == unix.SOL_IP && kind == unix.IP_TOS && len(data) >= 1:
		d.ECN = data[0] & 3
	case level == unix.SOL_IPV6 && kind == unix.IPV6_TCLASS && len(data) >= 4:
		d.ECN = uint8(binary.NativeEndian.Uint32(data)) & 3
	case level == unix.SOL_IP && kind == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
		// Spec_dst, not Addr: for a broadcast it is the address we may answer from.
		d.Local = netip.AddrFrom4((*unix.Inet4Pktinfo)(unsafe.Pointer(&data[0])).Spec_dst)
	case level == unix.SOL_IPV6 && kind == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
		d.Local = netip.AddrFrom16((*unix.Inet6Pktinfo)(unsafe.Pointer(&data[0])).Addr).Unmap()
	}
}
