// Package spoil spoils bytes in every way that decoders have fallen for: it cuts
// them off anywhere and writes a wrong length wherever one may be. It serves tests of
// decoders, and nothing that is installed.
package spoil

import (
	"bytes"
	"encoding/binary"
	"iter"
	"slices"
)

// Cut returns whole cut off at every offset, each without room behind it.
func Cut(whole []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for size := range whole {
			if !yield(slices.Clip(bytes.Clone(whole[:size]))) {
				return
			}
		}
	}
}

// Lengths returns whole with every wrong length at every offset, and the offset.
func Lengths(whole []byte) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		lengths := wrongLengths()
		for at := range whole {
			for _, length := range lengths {
				if !yield(at, splice(whole, at, length)) {
					return
				}
			}
		}
	}
}

// Everything returns both.
func Everything(whole []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for cut := range Cut(whole) {
			if !yield(cut) {
				return
			}
		}
		for _, changed := range Lengths(whole) {
			if !yield(changed) {
				return
			}
		}
	}
}

// wrongLengths are zero, small and odd ones, the largest, and those that are negative
// for whoever takes them for signed: of one, two and four octets, and as varints, some
// of which do not end.
func wrongLengths() (all [][]byte) {
	for _, octet := range []byte{0, 1, 3, 5, 0x7f, 0x80, 0xfe, 0xff} {
		all = append(all, []byte{octet})
	}
	for _, n := range []uint16{0, 1, 0x7fff, 0x8000, 0xfffd, 0xffff} {
		all = append(all, binary.BigEndian.AppendUint16(nil, n))
	}
	for _, n := range []uint32{0, 1<<31 - 1, 1 << 31, 1<<32 - 1} {
		all = append(all, binary.BigEndian.AppendUint32(nil, n))
	}
	for _, n := range []uint64{1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<63 - 1, 1 << 63, 1<<64 - 1} {
		all = append(all, binary.AppendUvarint(nil, n))
	}
	return append(all, bytes.Repeat([]byte{0x80}, 11), bytes.Repeat([]byte{0xff}, 11))
}

// splice returns whole with as many octets at an offset replaced as a fixed length
// has; a varint takes the place of one.
func splice(whole []byte, at int, length []byte) []byte {
	end := min(at+1, len(whole))
	if len(length) <= 4 {
		end = min(at+len(length), len(whole))
	}
	return slices.Concat(whole[:at], length, whole[end:])
}
