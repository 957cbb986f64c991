package wire

import "encoding/binary"

// LoginSize is the size of every Login: the smallest multiple of four at which
// no Accept is larger than its Login, which is the size of an Accept for IPv6
// that names another address. A larger one would be wasted; a smaller one would
// make the rendezvous an amplifier for spoofed sources.
const LoginSize = stunHeaderSize + address6Size + attributeHeaderSize + acceptSize + address6Size + fingerprintSize

// loginValueSize fills LOGIN up to LoginSize.
const loginValueSize = LoginSize - stunHeaderSize - attributeHeaderSize - fingerprintSize

// loginVersion is written into every Login and decides nothing: whoever is on the
// path can change it. What matters is in Hello.
const loginVersion = 1

// Login asks the rendezvous for an Accept. It is a STUN Binding request: the
// header, LOGIN and FINGERPRINT.
//
//	LOGIN: version (1), change (1), response port (2), zeros (68; ignored when read)
//
// It proves nothing and changes nothing at the rendezvous.
type Login struct {
	TransactionID TransactionID
	Change        Change // where the Accept is to come from
	// ResponsePort is where the Accept is to go to, at the address that the Login
	// comes from: it tells whether a mapping there is still alive (RFC 5780
	// sections 4.6 and 7.5). 0: to where the Login comes from. Only the other
	// address of a rendezvous does it, and the Accept has no cookie.
	ResponsePort uint16
}

// Append appends the datagram to b: LoginSize bytes.
func (m Login) Append(b []byte) []byte {
	start := len(b)
	b = appendSTUN(b, bindingRequest, LoginSize, m.TransactionID)
	b = appendZeros(b, attrLogin, loginValueSize)
	value := b[len(b)-loginValueSize:]
	value[0], value[1] = loginVersion, m.Change.flags()
	binary.BigEndian.PutUint16(value[2:], m.ResponsePort)
	return appendFingerprint(b, start)
}

// ParseLogin decodes a Login of any version. It fails for a plain Binding
// request, which ParseBindingRequest decodes. It allocates nothing.
func ParseLogin(d []byte) (Login, error) {
	if len(d) != LoginSize {
		return Login{}, errSize
	}
	a, err := parseAttributes(d, bindingRequest)
	switch {
	case err != nil:
		return Login{}, err
	case a.login == nil || a.fingerprint == nil:
		return Login{}, errMissing
	case len(a.login) != loginValueSize || a.login[0] == 0:
		return Login{}, errAttribute
	}
	return Login{
		TransactionID: a.transaction,
		Change:        changeOf(a.login[1]),
		ResponsePort:  binary.BigEndian.Uint16(a.login[2:]),
	}, nil
}
