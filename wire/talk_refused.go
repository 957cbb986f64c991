package wire

import (
	"strconv"

	"peerd/wire/internal/pb"
)

// A TalkRefusedCode says why a Talk led to no introduction. Codes we do not
// know are kept.
type TalkRefusedCode uint8

// The reasons for refusing a Talk. Numbers are never reused.
const (
	TalkRefusedUnknownPeer TalkRefusedCode = 1 // no member of the circle has this key
	TalkRefusedOffline     TalkRefusedCode = 2
	TalkRefusedPolicy      TalkRefusedCode = 3 // the peer does not accept the caller
	TalkRefusedBusy        TalkRefusedCode = 4 // over a quota: retry later
)

// String returns a word for c, "code 99" for one we do not know.
func (c TalkRefusedCode) String() string {
	switch c {
	case TalkRefusedUnknownPeer:
		return "unknown-peer"
	case TalkRefusedOffline:
		return "offline"
	case TalkRefusedPolicy:
		return "policy"
	case TalkRefusedBusy:
		return "busy"
	}
	return "code " + strconv.Itoa(int(c))
}

// TalkRefused answers a Talk that leads to no introduction. It is also an
// error: errors.AsType[wire.TalkRefused].
type TalkRefused struct {
	To   Key // as in the Talk
	Code TalkRefusedCode
}

// Error returns the cause. It names no peer: the caller knows its name, we its key.
func (m TalkRefused) Error() string {
	switch m.Code {
	case TalkRefusedUnknownPeer:
		return "the circle has no such peer"
	case TalkRefusedOffline:
		return "the peer is offline"
	case TalkRefusedPolicy:
		return "the peer does not accept talks from this key"
	case TalkRefusedBusy:
		return "too many talks at once"
	}
	return "the rendezvous refused the talk: " + m.Code.String()
}

// Hint returns the user's next step.
func (m TalkRefused) Hint() string {
	switch m.Code {
	case TalkRefusedUnknownPeer:
		return "list the circle with: peerctl peers"
	case TalkRefusedOffline:
		return "nothing to do: the message is queued and goes out when the peer is back"
	case TalkRefusedPolicy:
		return "ask the peer's owner to add this key to their contacts"
	case TalkRefusedBusy:
		return "nothing to do: peerd tries again by itself"
	}
	return "update peerd: this rendezvous gives reasons that it does not know"
}

// Kind implements Message.
func (m TalkRefused) Kind() Kind { return KindTalkRefused }

// AppendBody implements Message.
func (m TalkRefused) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindTalkRefused, &pb.TalkRefused{To: m.To[:], Code: uint32(m.Code)}, decodeTalkRefused)
}

// ParseTalkRefused decodes the body of a KindTalkRefused frame.
func ParseTalkRefused(body []byte) (TalkRefused, error) {
	return parseBody(KindTalkRefused, body, &pb.TalkRefused{}, decodeTalkRefused)
}

func decodeTalkRefused(p *pb.TalkRefused) (TalkRefused, error) {
	var f fields
	return TalkRefused{
		To:   f.key("to", p.To),
		Code: TalkRefusedCode(f.code("code", p.Code)),
	}, f.check()
}
