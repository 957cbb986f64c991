package hostilequic

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Types of frames (RFC 9000 section 19).
const (
	Padding            = 0x00
	Ping               = 0x01
	Ack                = 0x02
	AckECN             = 0x03
	ResetStream        = 0x04
	StopSending        = 0x05
	Crypto             = 0x06
	NewToken           = 0x07
	Stream             = 0x0e // with an offset and a length
	StreamEnd          = 0x0f // likewise, and the last
	MaxData            = 0x10
	MaxStreamData      = 0x11
	MaxStreams         = 0x12
	DataBlocked        = 0x14
	NewConnectionID    = 0x18
	RetireConnectionID = 0x19
	PathChallenge      = 0x1a
	PathResponse       = 0x1b
	ConnectionClose    = 0x1c
	ApplicationClose   = 0x1d
	HandshakeDone      = 0x1e
)

// Largest is the largest number that fits a frame.
const Largest = 1<<62 - 1

// A Frame is a type, numbers and octets, in the order in which RFC 9000 has them; what
// they mean, and whether they make sense, is for the test to say. Lengths of Data are
// not among the numbers. Of a STREAM frame they are the stream and the offset, also if the
// frame that came had no offset.
type Frame struct {
	Type    uint64
	Numbers []uint64
	Data    []byte
}

// shape is what follows the type of a frame.
type shape struct {
	numbers int
	data    dataShape
}

type dataShape int

const (
	noData     dataShape = iota
	counted              // a length, then so many octets
	eight                // octets
	idAndToken           // a length of one octet, a connection ID, a token of 16 octets
)

// shapes are those of all frames but STREAM and ACK frames, which differ in themselves.
var shapes = [...]shape{
	Padding: {}, Ping: {}, ResetStream: {numbers: 3}, StopSending: {numbers: 2}, Crypto: {1, counted}, NewToken: {0, counted},
	MaxData: {numbers: 1}, MaxStreamData: {numbers: 2}, MaxStreams: {numbers: 1}, MaxStreams + 1: {numbers: 1},
	DataBlocked: {numbers: 1}, DataBlocked + 1: {numbers: 2}, DataBlocked + 2: {numbers: 1}, DataBlocked + 3: {numbers: 1},
	NewConnectionID: {2, idAndToken}, RetireConnectionID: {numbers: 1}, PathChallenge: {0, eight}, PathResponse: {0, eight},
	ConnectionClose: {2, counted}, ApplicationClose: {1, counted}, HandshakeDone: {},
}

func isStream(kind uint64) bool { return kind >= 0x08 && kind <= StreamEnd }

// Append appends the frame to b, as it says: nothing is checked.
func (f Frame) Append(b []byte) []byte {
	b = AppendNumber(b, f.Type)
	for _, n := range f.Numbers {
		b = AppendNumber(b, n)
	}
	if f.Type == Stream || f.Type == StreamEnd || f.Type < uint64(len(shapes)) && shapes[f.Type].data == counted {
		b = AppendNumber(b, uint64(len(f.Data)))
	}
	return append(b, f.Data...)
}

// AppendNumber appends a number of at most Largest in the least octets (RFC 9000
// section 16).
func AppendNumber(b []byte, n uint64) []byte {
	switch {
	case n < 1<<6:
		return append(b, byte(n))
	case n < 1<<14:
		return binary.BigEndian.AppendUint16(b, uint16(n)|1<<14)
	case n < 1<<30:
		return binary.BigEndian.AppendUint32(b, uint32(n)|2<<30)
	}
	return binary.BigEndian.AppendUint64(b, n|3<<62)
}

// Parse reads the frames of a packet, without its padding. Data is of payload.
func Parse(payload []byte) (frames []Frame, err error) {
	for r := (reader{rest: payload}); len(r.rest) > 0; {
		f := r.frame()
		if r.failed {
			return frames, fmt.Errorf("frame of type %#x cannot be read", f.Type)
		}
		if f.Type != Padding {
			frames = append(frames, f)
		}
	}
	return frames, nil
}

// reader reads fields; failed is set when one was not there.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) octets(n int) []byte {
	if r.failed = r.failed || n > len(r.rest); r.failed {
		return make([]byte, min(n, 1)) // so that whoever asks for one octet gets one
	}
	octets := r.rest[:n]
	r.rest = r.rest[n:]
	return octets
}

func (r *reader) octet() int { return int(r.octets(1)[0]) }

func (r *reader) number() uint64 {
	first := uint64(r.octet())
	n := first & 0x3f
	for _, octet := range r.octets(1<<(first>>6) - 1) {
		n = n<<8 | uint64(octet)
	}
	return n
}

func (r *reader) numbers(count uint64) (all []uint64) {
	for ; count > 0 && !r.failed; count-- {
		all = append(all, r.number())
	}
	return all
}

func (r *reader) counted() []byte { return r.octets(int(min(r.number(), uint64(len(r.rest))+1))) }

func (r *reader) frame() Frame {
	f := Frame{Type: r.number()}
	switch {
	case f.Type == Ack || f.Type == AckECN:
		f.Numbers = r.numbers(4) // largest, delay, count of ranges, first range
		if !r.failed {
			f.Numbers = slices.Concat(f.Numbers, r.numbers(2*f.Numbers[2]), r.numbers(3*(f.Type-Ack)))
		}
	case isStream(f.Type):
		r.stream(&f)
	case f.Type >= uint64(len(shapes)):
		r.failed = true
	default:
		f.Numbers = r.numbers(uint64(shapes[f.Type].numbers))
		f.Data = r.data(shapes[f.Type].data)
	}
	return f
}

func (r *reader) data(s dataShape) []byte {
	switch s {
	case counted:
		return r.counted()
	case eight:
		return r.octets(8)
	case idAndToken:
		if len(r.rest) > 0 {
			return r.octets(1 + int(r.rest[0]) + 16)
		}
		r.failed = true
	}
	return nil
}

// stream reads any kind of STREAM frame as one with an offset and a length.
func (r *reader) stream(f *Frame) {
	const end, length, offset = 1, 2, 4
	f.Numbers = []uint64{r.number(), 0}
	if f.Type&offset != 0 {
		f.Numbers[1] = r.number()
	}
	if f.Type&length != 0 {
		f.Data = r.counted()
	} else {
		f.Data = r.octets(len(r.rest))
	}
	f.Type = Stream | f.Type&end
}
