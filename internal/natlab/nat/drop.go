package nat

// Drop is why a packet was not forwarded.
type Drop int

const (
	// Forwarded packets are not dropped.
	Forwarded Drop = iota
	// Malformed packets are not IPv4, or shorter than their headers say.
	Malformed
	// Fragment: fragments are not reassembled.
	Fragment
	// Unsupported packets are of a protocol or an ICMP type that is not translated.
	Unsupported
	// Misdirected packets are addressed to the router itself on the inside, or to somebody else on the outside.
	Misdirected
	// TTLExceeded: the packet's life ended here. An ICMP error says so to its sender.
	TTLExceeded
	// Unsolicited packets come from where the inside has not sent to, as far as filtering is concerned.
	Unsolicited
	// Struck packets come from an address that sent an unsolicited one before.
	Struck
	// NoHairpin: the NAT does not hairpin.
	NoHairpin
	// NoConnection: a TCP segment from inside belongs to no connection and does not begin one.
	NoConnection
	// Unrelated ICMP errors are about no flow.
	Unrelated
	// SessionLimited packets would have opened one flow too many.
	SessionLimited
	// PortsExhausted: no outside port is left for a new mapping.
	PortsExhausted
	// UDPDisallowed packets are UDP at a NAT that blocks it.
	UDPDisallowed

	dropReasons
)

func (d Drop) String() string {
	return name(int(d), "forwarded", "malformed", "fragment", "unsupported", "misdirected", "TTL exceeded", "unsolicited",
		"struck", "no hairpin", "no connection", "unrelated", "session limited", "ports exhausted", "UDP disallowed")
}
