package wire

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
	"unicode/utf8"
)

// fields checks the fields of one message and keeps the first thing wrong with
// them, so that a decoder reads as the list of its fields. The zero value is ready.
type fields struct{ err error }

func (f *fields) fail(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf(format, args...)
	}
}

// check returns the first thing wrong. It is a method because Go orders calls
// among each other, but not calls and variables: in
//
//	return Ping{Nonce: f.number(...)}, f.check()
//
// a plain f.err might be read before the fields were checked.
func (f *fields) check() error { return f.err }

// fixed copies a required field of exactly len(out) bytes. All zeros name
// nobody and nothing, so they count as missing.
func (f *fields) fixed(out []byte, name string, b []byte) {
	if len(b) != 0 && len(b) != len(out) {
		f.fail("%s has %d bytes instead of %d", name, len(b), len(out))
		return
	}
	copy(out, b)
	for _, octet := range out {
		if octet != 0 {
			return
		}
	}
	f.fail("%s is missing", name)
}

// optional is fixed for a field that may be absent, which leaves out zero.
func (f *fields) optional(out []byte, name string, b []byte) {
	if len(b) != 0 {
		f.fixed(out, name, b)
	}
}

func (f *fields) key(name string, b []byte) (key Key) {
	f.fixed(key[:], name, b)
	return key
}

func (f *fields) session(b []byte) (id SessionID) {
	f.fixed(id[:], "session", b)
	return id
}

func (f *fields) instance(b []byte) (instance Instance) {
	f.fixed(instance[:], "instance", b)
	return instance
}

func (f *fields) messageID(b []byte) (id MessageID) {
	f.fixed(id[:], "id", b)
	return id
}

// group is an optional group id.
func (f *fields) group(b []byte) (id GroupID) {
	f.optional(id[:], "group", b)
	return id
}

// payload is the required kind of what an item carries.
func (f *fields) payload(n uint32) Kind {
	kind := Kind(f.code("payload", n))
	if kind < firstPayload {
		f.fail("payload %d is not a kind of payload", n)
	}
	return kind
}

// bytes bounds a field of at most max bytes and keeps b itself. Empty is allowed.
func (f *fields) bytes(name string, b []byte, max int) []byte {
	if len(b) > max {
		f.fail("%s has %d bytes, the limit is %d", name, len(b), max)
	}
	if len(b) == 0 {
		return nil
	}
	return b
}

// text bounds a UTF-8 field of at most max bytes. Empty is allowed.
func (f *fields) text(name, s string, max int) string {
	if len(s) > max {
		f.fail("%s has %d bytes, the limit is %d", name, len(s), max)
	} else if !utf8.ValidString(s) {
		f.fail("%s is not valid UTF-8", name)
	}
	return s
}

// positive is a required number: zero means that it is missing.
func (f *fields) positive(name string, n uint64) uint64 {
	if n == 0 {
		f.fail("%s is missing", name)
	}
	return n
}

// atMost is a number from zero to max.
func (f *fields) atMost(name string, n, max uint64) uint64 {
	if n > max {
		f.fail("%s is over %d", name, max)
		return 0
	}
	return n
}

// code is a required number of one byte, whether or not we know its meaning.
func (f *fields) code(name string, n uint32) uint8 {
	if n > 255 {
		f.fail("%s %d is out of range", name, n)
	}
	return uint8(f.positive(name, uint64(n)))
}

// time is a required time.
func (f *fields) time(name string, nanoseconds int64) time.Time {
	if nanoseconds == 0 {
		f.fail("%s is missing", name)
	}
	return fromUnixNano(nanoseconds)
}

// duration is a span of whole microseconds from zero to max.
func (f *fields) duration(name string, microseconds uint64, max time.Duration) time.Duration {
	if microseconds > uint64(max.Microseconds()) {
		f.fail("%s is not between 0 and %v", name, max)
		return 0
	}
	return time.Duration(microseconds) * time.Microsecond
}

// endpoint is a required address and port that a datagram could be sent to.
func (f *fields) endpoint(name string, b []byte) netip.AddrPort {
	endpoint, ok := parseEndpoint(b)
	switch {
	case len(b) == 0:
		f.fail("%s is missing", name)
	case !ok:
		f.fail("%s is not an endpoint", name)
	}
	return endpoint
}

// appendEndpoint appends address (4 or 16 bytes) and port (2): nothing for the
// zero endpoint. An IPv4-mapped address is sent as IPv4, a zone is not sent: it
// means something on its own host only.
func appendEndpoint(b []byte, endpoint netip.AddrPort) []byte {
	if !endpoint.IsValid() {
		return b
	}
	b = append(b, endpoint.Addr().Unmap().AsSlice()...)
	return binary.BigEndian.AppendUint16(b, endpoint.Port())
}

func parseEndpoint(b []byte) (endpoint netip.AddrPort, ok bool) {
	if len(b) < 2 {
		return netip.AddrPort{}, false
	}
	address, ok := netip.AddrFromSlice(b[:len(b)-2])
	endpoint = netip.AddrPortFrom(address.Unmap(), binary.BigEndian.Uint16(b[len(b)-2:]))
	if !ok || !usable(endpoint) {
		return netip.AddrPort{}, false
	}
	return endpoint, true
}

// usable rejects what no datagram can come from. Whether an endpoint may be
// probed (loopback, private, multicast …) is policy, and punch's.
func usable(endpoint netip.AddrPort) bool {
	return endpoint.Port() != 0 && endpoint.Addr().IsValid() && !endpoint.Addr().IsUnspecified()
}

// unixNano returns t on the wire: 0 for the zero time, and for one that 64 bits
// of nanoseconds since 1970 cannot hold (before 1678, after 2262).
func unixNano(t time.Time) int64 {
	nanoseconds := t.UnixNano()
	if !time.Unix(0, nanoseconds).Equal(t) {
		return 0
	}
	return nanoseconds
}

func fromUnixNano(nanoseconds int64) time.Time {
	if nanoseconds == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanoseconds).UTC()
}

// microseconds returns d on the wire. A negative one becomes larger than every
// limit, so that encoding it fails.
func microseconds(d time.Duration) uint64 { return uint64(d.Microseconds()) }
