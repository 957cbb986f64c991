package socket

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ecnMask are the ECN bits of an IP header's traffic class (RFC 3168).
const ecnMask = 0x03

// parseSendControl reads the control messages of quic-go's sends: the size of
// a segment (0: a single packet) and the ECN mark. Others are passed over.
func parseSendControl(oob []byte) (segmentSize int, ecn uint8) {
	for len(oob) >= unix.SizeofCmsghdr {
		header, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return segmentSize, ecn
		}
		oob = rest
		switch {
		case header.Level == unix.IPPROTO_UDP && header.Type == unix.UDP_SEGMENT && len(data) >= 2:
			segmentSize = int(binary.NativeEndian.Uint16(data))
		case header.Level == unix.IPPROTO_IPV6 && header.Type == unix.IPV6_TCLASS && len(data) >= 4:
			ecn = uint8(binary.NativeEndian.Uint32(data)) & ecnMask
		case header.Level == unix.IPPROTO_IP && header.Type == unix.IP_TOS && len(data) >= 1:
			ecn = data[0] & ecnMask
		}
	}
	return segmentSize, ecn
}

// putECN writes a received ECN mark as a control message for quic-go, and
// returns its length: 0 for the mark 0, which needs none, and where there is
// no room. IPv6's form serves for both families: quic-go takes either.
func putECN(oob []byte, ecn uint8) int {
	const size = 4
	length := unix.CmsgSpace(size)
	if ecn == 0 || len(oob) < length {
		return 0
	}
	putHeader(oob, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, size)
	binary.NativeEndian.PutUint32(oob[unix.CmsgLen(0):], uint32(ecn))
	return length
}

// putHeader writes the header of a control message with data of the given size.
func putHeader(oob []byte, level, kind int32, size int) {
	header := (*unix.Cmsghdr)(unsafe.Pointer(&oob[0]))
	header.Level, header.Type = level, kind
	header.SetLen(unix.CmsgLen(size))
}
