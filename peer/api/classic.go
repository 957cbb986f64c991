package api

import (
	"fmt"
	"net/netip"
	"strings"
)

// ClassicSign begins how users of the classic protocol are called here:
// classic/dave. No name, petname or key of a peer has a slash in it, so nobody who
// is not marked so can pass for one of them, nor they for a peer.
const ClassicSign = "classic/"

// IsClassic reports whether ref means a user of the classic protocol.
func IsClassic(ref string) bool { return strings.HasPrefix(ref, ClassicSign) }

// ClassicMark is part of rows that are about users of the classic protocol. In all
// other rows it is zero, and shows nothing: there keys prove who is who, and
// everything is encrypted.
type ClassicMark struct {
	Classic   bool  `json:"classic,omitzero"`
	Verified  *bool `json:"verified,omitempty"`  // false: anybody could have said it
	Encrypted *bool `json:"encrypted,omitempty"` // false: others on the way can read it
}

// MarkClassic returns the mark of rows about users of the classic protocol.
func MarkClassic() ClassicMark {
	return ClassicMark{Classic: true, Verified: new(false), Encrypted: new(false)}
}

// ClassicStatus is this peer's part in the classic protocol.
type ClassicStatus struct {
	Users    int    `json:"users"`    // online at the door
	Received uint64 `json:"received"` // messages of theirs since the start
	Dropped  uint64 `json:"dropped"`  // datagrams: of strangers, malformed, or over a limit
}

// ClassicOnly is the error for what cannot be done with a user of the classic
// protocol.
func ClassicOnly(ref string) *Error {
	return &Error{
		Code:    CodeClassicOnly,
		Subject: ref,
		Message: ref + " is a user of the classic protocol: without a key there is only send, read, history and search",
		Hint:    "see who has keys: peerctl contact ls",
	}
}

// ClassicAway is the error for a message to a user of the classic protocol who is
// not online. It cannot wait: the next one under that name may be somebody else.
func ClassicAway(ref string) *Error {
	return &Error{
		Code:    CodeClassicAway,
		Subject: ref,
		Message: ref + " is not online: messages of the classic protocol cannot wait",
		Hint:    "see who is there: peerctl peers --online",
	}
}

// ClassicOff is the error for a message to a user of the classic protocol from a
// peer that takes no part in it.
func ClassicOff(ref string) *Error {
	return &Error{
		Code:    CodeClassicOff,
		Subject: ref,
		Message: "this peer takes no part in the classic protocol",
		Hint:    "start it with: peerd run --classic",
	}
}

// ClassicUnreachable is the error for a user of the classic protocol at an
// endpoint where nothing is sent to.
func ClassicUnreachable(ref string, endpoint netip.AddrPort) *Error {
	return &Error{
		Code:    CodeClassicUnreachable,
		Subject: ref,
		Message: fmt.Sprintf("%s is at %v, which is not reached from the network that this peer is in", ref, endpoint),
	}
}

// ClassicTooLong is the error for a message that fits no datagram.
func ClassicTooLong(size, limit int) *Error {
	return usage("the message is too long for the classic protocol: it takes %d bytes, a datagram has %d; send it in parts", size, limit)
}
