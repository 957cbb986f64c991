package wire

import (
	"encoding/binary"
	"net/netip"

	"github.com/pion/stun/v3"
)

// acceptSize is the size of ACCEPT's value: two ports and a cookie.
const acceptSize = 2 + 2 + len(Cookie{})

// Accept answers a Login. It is a STUN Binding success response: the header,
// XOR-MAPPED-ADDRESS, ACCEPT, OTHER-ADDRESS if there is one, and FINGERPRINT.
//
//	ACCEPT: control port (2), other port (2), cookie (20)
//
// A rendezvous listens on two UDP ports, and on two addresses where its host has
// them. So a peer learns from Accepts how its NAT filters and maps (RFC 5780
// section 4). From one socket that has sent nothing before, to address A and port
// p, where it logs in, and to the other address B and the other port q, in this
// order:
//
//	Login to A:p                             names B and q, and Observed
//	Login to A:p, Change{Address, Port}      its Accept comes, from B:q   EIF
//	Login to B:p, Change{Port}               its Accept comes, from B:q   else ADF, else APDF
//	Login to B:p                             Observed is as at A:p        EIM
//	Login to A:q                             Observed is as at A:p        else ADM, else APDM
//
// Each opens the NAT for what comes from where it goes, hence the order. What the
// NAT did not expect comes from B alone: a router that bans its senders does not
// cut us off from A. After such a ban, and where a firewall closes B, no Login to
// B:p is answered; the filtering is then unknown. A rendezvous that cannot make a
// Change does not answer. Where there is no B, Change{Port} to A:p tells APDF from
// the others, at the risk of that ban.
//
// None of this is rationed, since no Accept is larger than its Login.
type Accept struct {
	TransactionID TransactionID  // of the Login
	Observed      netip.AddrPort // where the Login came from
	ControlPort   uint16         // TCP, at the rendezvous' address that invites name; never 0
	OtherPort     uint16         // the rendezvous' second UDP port, on all its addresses; 0 = it has none
	// OtherAddr is the rendezvous' address, of Observed's family, other than the
	// one that the Login was sent to. It has the same two UDP ports. Zero: there
	// is none. It needs an OtherPort.
	OtherAddr netip.Addr
	// Cookie certifies to the rendezvous that Observed is an endpoint of the
	// peer. Only one from the port and address that the peer logs in to makes it
	// an endpoint for relaying; those of the other port or address are for
	// candidates. It is the same whatever Change was asked for.
	Cookie Cookie
}

// Append appends the datagram to b: 68 bytes for IPv4 and 80 with OtherAddr; 80
// for IPv6, LoginSize (104) with OtherAddr.
func (m Accept) Append(b []byte) []byte {
	start := len(b)
	size := stunHeaderSize + addressSize(m.Observed) + attributeHeaderSize + acceptSize + fingerprintSize
	other := netip.AddrPortFrom(m.OtherAddr, m.OtherPort)
	if m.OtherAddr.IsValid() {
		size += addressSize(other)
	}
	b = appendSTUN(b, bindingResponse, size, m.TransactionID)
	b = appendMappedAddress(b, m.Observed, m.TransactionID)
	b = appendAttributeHeader(b, attrAccept, acceptSize)
	b = binary.BigEndian.AppendUint16(b, m.ControlPort)
	b = binary.BigEndian.AppendUint16(b, m.OtherPort)
	b = append(b, m.Cookie[:]...)
	if m.OtherAddr.IsValid() {
		b = appendAddress(b, stun.AttrOtherAddress, other, addressMask{})
	}
	return appendFingerprint(b, start)
}

// ParseAccept decodes an Accept. Compare its TransactionID with your Login's:
// nothing else authenticates it. It allocates nothing.
func ParseAccept(d []byte) (Accept, error) {
	if len(d) > LoginSize {
		return Accept{}, errSize
	}
	a, err := parseAttributes(d, bindingResponse)
	switch {
	case err != nil:
		return Accept{}, err
	case a.accept == nil || a.fingerprint == nil:
		return Accept{}, errMissing
	case len(a.accept) != acceptSize:
		return Accept{}, errAttribute
	case a.unknownCount > 0:
		return Accept{}, errUnknown
	}
	m := Accept{
		TransactionID: a.transaction,
		ControlPort:   binary.BigEndian.Uint16(a.accept),
		OtherPort:     binary.BigEndian.Uint16(a.accept[2:]),
		Cookie:        Cookie(a.accept[4:]),
	}
	if m.ControlPort == 0 {
		return Accept{}, errAttribute
	}
	if m.Observed, err = parseMappedAddress(a.mapped, a.transaction); err != nil {
		return Accept{}, err
	}
	m.OtherAddr, err = parseOtherAddr(a.other, m)
	if err != nil {
		return Accept{}, err
	}
	return m, nil
}

// parseOtherAddr decodes OTHER-ADDRESS, which repeats the other port: that is
// what any reader of RFC 5780 expects in it.
func parseOtherAddr(value []byte, m Accept) (netip.Addr, error) {
	other, err := parseOptionalAddress(value)
	if err != nil || !other.IsValid() {
		return netip.Addr{}, err
	}
	if other.Port() != m.OtherPort || other.Addr().Is4() != m.Observed.Addr().Is4() {
		return netip.Addr{}, errEndpoint
	}
	return other.Addr(), nil
}
