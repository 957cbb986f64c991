package wire

import "strconv"

// A Kind says which message a frame carries. Kinds below 64 travel on control
// connections, those from 64 on session streams and inside sealed envelopes, and
// those from 96 inside Items.
// Numbers are never reused.
type Kind uint8

// The kinds of frames.
const (
	KindHello        Kind = 1
	KindWelcome      Kind = 2
	KindRefused      Kind = 3
	KindSnapshot     Kind = 4
	KindDelta        Kind = 5
	KindEndpoints    Kind = 6
	KindPrekey       Kind = 7
	KindTalk         Kind = 8
	KindTalkRefused  Kind = 9
	KindIntroduction Kind = 10
	KindEnvelope     Kind = 11
	KindRelay        Kind = 12
	KindPing         Kind = 13
	KindPong         Kind = 14
	KindGoodbye      Kind = 15
	KindClassicUsers Kind = 16

	KindText    Kind = 64
	KindReceipt Kind = 65
	KindRead    Kind = 66
	KindItem    Kind = 67

	KindFileFetch Kind = 70
	KindFileWant  Kind = 71
)

// firstPayload is the first of the kinds that only an Item may carry.
const firstPayload Kind = 96

// The kinds of payloads.
const (
	KindEdit       Kind = 96
	KindGroup      Kind = 97
	KindFileOffer  Kind = 98
	KindFileAnswer Kind = 99
)

var kindNames = [...]string{
	KindHello:        "hello",
	KindWelcome:      "welcome",
	KindRefused:      "refused",
	KindSnapshot:     "snapshot",
	KindDelta:        "delta",
	KindEndpoints:    "endpoints",
	KindPrekey:       "prekey",
	KindTalk:         "talk",
	KindTalkRefused:  "talk-refused",
	KindIntroduction: "introduction",
	KindEnvelope:     "envelope",
	KindRelay:        "relay",
	KindPing:         "ping",
	KindPong:         "pong",
	KindGoodbye:      "goodbye",
	KindClassicUsers: "classic-users",
	KindText:         "text",
	KindReceipt:      "receipt",
	KindRead:         "read",
	KindItem:         "item",
	KindFileFetch:    "file-fetch",
	KindFileWant:     "file-want",
	KindEdit:         "edit",
	KindGroup:        "group",
	KindFileOffer:    "file-offer",
	KindFileAnswer:   "file-answer",
}

// String returns the message's name, or "kind 199" for one we do not know.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return "kind " + strconv.Itoa(int(k))
}
