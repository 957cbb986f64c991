package wire

// ProbeSize is the size of every Probe: that of a ProbeReply for IPv6, so that
// no reply is larger than its probe.
const ProbeSize = stunHeaderSize + sessionAttributeSize + address6Size + macAttributeSize + fingerprintSize

// sessionAttributeSize is SESSION's size on the wire. SESSION is always the
// first attribute, so that Classify and ProbeSession need not walk.
const sessionAttributeSize = attributeHeaderSize + len(SessionID{})

// probePaddingSize fills a Probe up to ProbeSize.
const probePaddingSize = address6Size - attributeHeaderSize

// Probe asks a peer, at one of its candidates, for a ProbeReply. It is a STUN
// Binding request: the header, SESSION, PADDING, MAC and FINGERPRINT.
type Probe struct {
	TransactionID TransactionID // one per probe sent: it says which one was answered
	Session       SessionID
}

// Append appends the datagram to b: ProbeSize bytes.
func (m Probe) Append(b []byte, key ProbeKey) []byte {
	start := len(b)
	b = appendSTUN(b, bindingRequest, ProbeSize, m.TransactionID)
	b = appendAttribute(b, attrSession, m.Session[:])
	b = appendZeros(b, attrPadding, probePaddingSize)
	b = appendMAC(b, start, key)
	return appendFingerprint(b, start)
}

// ParseProbe decodes a Probe made with key, ErrForged if it was made with
// another. Use ProbeSession to find the key. It allocates nothing.
func ParseProbe(d []byte, key ProbeKey) (Probe, error) {
	if len(d) != ProbeSize {
		return Probe{}, errSize
	}
	a, err := parseAttributes(d, bindingRequest)
	if err != nil {
		return Probe{}, err
	}
	session, err := a.probeSession(d, key)
	if err != nil {
		return Probe{}, err
	}
	return Probe{TransactionID: a.transaction, Session: session}, nil
}

// probeSession checks what probes and replies have in common: SESSION first,
// and a valid MAC.
func (a *attributes) probeSession(d []byte, key ProbeKey) (SessionID, error) {
	if !firstIsSession(d) {
		return SessionID{}, errMissing
	}
	if a.unknownCount > 0 {
		return SessionID{}, errUnknown
	}
	if err := a.checkMAC(d, key); err != nil {
		return SessionID{}, err
	}
	return SessionID(a.session), nil
}
