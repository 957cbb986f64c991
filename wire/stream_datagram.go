package wire

import (
	"encoding/binary"
	"fmt"
	"io"
)

// StreamDatagramHeaderSize is the length in front of a datagram on a TCP
// connection between peers.
const StreamDatagramHeaderSize = 2

// AppendStreamDatagram appends a datagram as it goes over a TCP connection
// between peers (RFC 4571): its length, big endian, and itself, of 1 to
// MaxRelayedDatagram bytes. On error it returns b as it was.
func AppendStreamDatagram(b, datagram []byte) ([]byte, error) {
	if err := checkPayload(datagram); err != nil {
		return b, fmt.Errorf("encode stream datagram: %w", err)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(datagram)))
	return append(b, datagram...), nil
}

// ReadStreamDatagram reads one datagram from r into buffer, which must hold
// MaxRelayedDatagram bytes; it allocates nothing. The datagram is the caller's
// until the next call with the same buffer.
//
// It returns io.EOF only between two datagrams, io.ErrUnexpectedEOF inside one,
// and another error for a length out of bounds: the connection cannot be read
// further then.
func ReadStreamDatagram(r io.Reader, buffer []byte) ([]byte, error) {
	header := buffer[:StreamDatagramHeaderSize]
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint16(header))
	if size == 0 || size > MaxRelayedDatagram {
		return nil, fmt.Errorf("read stream datagram: its length is %d, want 1 to %d", size, MaxRelayedDatagram)
	}
	datagram := buffer[:size]
	if _, err := io.ReadFull(r, datagram); err == io.EOF {
		return nil, io.ErrUnexpectedEOF
	} else if err != nil {
		return nil, err
	}
	return datagram, nil
}
