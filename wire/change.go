package wire

// Bits of RFC 5780's CHANGE-REQUEST (section 7.2), which a Login has too.
const (
	changeAddress = 0x4
	changePort    = 0x2
)

// A Change asks a rendezvous, or any server of RFC 5780, to answer from
// elsewhere than where it was asked: what of it arrives tells how the NAT
// filters. The zero Change asks for nothing. A server that cannot do it does not
// answer.
type Change struct {
	Address bool // answer from the other address
	Port    bool // answer from the other port
}

func (c Change) flags() (flags byte) {
	if c.Address {
		flags |= changeAddress
	}
	if c.Port {
		flags |= changePort
	}
	return flags
}

func changeOf(flags byte) Change {
	return Change{Address: flags&changeAddress != 0, Port: flags&changePort != 0}
}
