package wire

import "net/netip"

// ProbeReply answers a Probe: it proves that the probe reached the peer, and
// that the peer's answers reach us. It is a STUN Binding success response: the
// header, SESSION, XOR-MAPPED-ADDRESS, MAC and FINGERPRINT.
type ProbeReply struct {
	TransactionID TransactionID // of the Probe
	Session       SessionID
	Observed      netip.AddrPort // where the probe came from, as its receiver saw it
}

// Append appends the datagram to b: 80 bytes, ProbeSize (92) for IPv6. That to a
// full probe is no larger: the way back is asked about by the peer's own probes.
func (m ProbeReply) Append(b []byte, key ProbeKey) []byte {
	start := len(b)
	size := stunHeaderSize + sessionAttributeSize + addressSize(m.Observed) + macAttributeSize + fingerprintSize
	b = appendSTUN(b, bindingResponse, size, m.TransactionID)
	b = appendAttribute(b, attrSession, m.Session[:])
	b = appendMappedAddress(b, m.Observed, m.TransactionID)
	b = appendMAC(b, start, key)
	return appendFingerprint(b, start)
}

// ParseProbeReply decodes a ProbeReply made with key, ErrForged if it was made
// with another. It allocates nothing.
func ParseProbeReply(d []byte, key ProbeKey) (ProbeReply, error) {
	if len(d) > ProbeSize {
		return ProbeReply{}, errSize
	}
	a, err := parseAttributes(d, bindingResponse)
	if err != nil {
		return ProbeReply{}, err
	}
	m := ProbeReply{TransactionID: a.transaction}
	if m.Session, err = a.probeSession(d, key); err != nil {
		return ProbeReply{}, err
	}
	if m.Observed, err = parseMappedAddress(a.mapped, a.transaction); err != nil {
		return ProbeReply{}, err
	}
	return m, nil
}
