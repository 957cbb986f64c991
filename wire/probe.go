package wire

// ProbeSize is the size of a Probe: that of a ProbeReply for IPv6, so that no
// reply is larger than its probe.
const ProbeSize = stunHeaderSize + sessionAttributeSize + address6Size + macAttributeSize + fingerprintSize

// FullProbeSize is the size of a full Probe: that of the packets of a session,
// which are no larger on any path. Smaller, and a path that passes probes may
// swallow data; larger, and one that carries data may swallow probes.
const FullProbeSize = 1200

// sessionAttributeSize is SESSION's size on the wire. SESSION is always the
// first attribute, so that Classify and ProbeSession need not walk.
const sessionAttributeSize = attributeHeaderSize + len(SessionID{})

// unpaddedProbeSize is what padding fills up to ProbeSize, or FullProbeSize.
const unpaddedProbeSize = ProbeSize - address6Size + attributeHeaderSize

// Probe asks a peer, at one of its candidates, for a ProbeReply. It is a STUN
// Binding request: the header, SESSION, PADDING, MAC and FINGERPRINT.
type Probe struct {
	TransactionID TransactionID // one per probe sent: it says which one was answered
	Session       SessionID
	Full          bool // it asks whether the path carries the packets of a session
}

// Append appends the datagram to b: ProbeSize bytes, FullProbeSize if it is full.
func (m Probe) Append(b []byte, key ProbeKey) []byte {
	start, size := len(b), ProbeSize
	if m.Full {
		size = FullProbeSize
	}
	b = appendSTUN(b, bindingRequest, size, m.TransactionID)
	b = appendAttribute(b, attrSession, m.Session[:])
	b = appendZeros(b, attrPadding, size-unpaddedProbeSize)
	b = appendMAC(b, start, key)
	return appendFingerprint(b, start)
}

// ParseProbe decodes a Probe made with key, ErrForged if it was made with
// another. Use ProbeSession to find the key. It allocates nothing.
func ParseProbe(d []byte, key ProbeKey) (Probe, error) {
	if len(d) != ProbeSize && len(d) != FullProbeSize {
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
	return Probe{TransactionID: a.transaction, Session: session, Full: len(d) == FullProbeSize}, nil
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
