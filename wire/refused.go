package wire

import (
	"strconv"

	"peerd/wire/internal/pb"
)

// A RefusedCode says why a rendezvous refuses a Hello. Codes we do not know are
// kept: a newer rendezvous may have new reasons.
type RefusedCode uint8

// The reasons for refusing a Hello. Numbers are never reused.
const (
	RefusedVersion       RefusedCode = 1 // it does not speak the peer's version
	RefusedInviteUnknown RefusedCode = 2 // no invite has this token
	RefusedInviteExpired RefusedCode = 3
	RefusedInviteUsedUp  RefusedCode = 4
	RefusedInviteRevoked RefusedCode = 5
	RefusedNotMember     RefusedCode = 6 // no invite given and the key is not a member
	RefusedNameTaken     RefusedCode = 7 // by another key
	RefusedNameInvalid   RefusedCode = 8
	RefusedBusy          RefusedCode = 9 // over a limit: come back later
	RefusedMalformed     RefusedCode = 10
	RefusedBanned        RefusedCode = 11 // the key is banned, whatever it shows
)

// refusals says, for each code, the word for it, its cause as an error, and
// the user's next step.
var refusals = [...]struct{ word, cause, hint string }{
	RefusedVersion:       {"version", "the rendezvous speaks another protocol version", "upgrade the older of peerd and rendezvous"},
	RefusedInviteUnknown: {"invite-unknown", "the rendezvous does not know this invite", "check that the whole invite was copied, or ask for a new one: rendezvous invite create"},
	RefusedInviteExpired: {"invite-expired", "the invite has expired", "ask for a new one: rendezvous invite create"},
	RefusedInviteUsedUp:  {"invite-used-up", "the invite has no uses left", "ask for a new one: rendezvous invite create"},
	RefusedInviteRevoked: {"invite-revoked", "the invite was revoked", "ask for a new one: rendezvous invite create"},
	RefusedNotMember:     {"not-member", "this key is not a member of the circle", "join with an invite: peerd run --join INVITE"},
	RefusedNameTaken:     {"name-taken", "the name belongs to another key", "choose another name with --name"},
	RefusedNameInvalid:   {"name-invalid", "the rendezvous does not allow this name", "choose another name with --name: 1 to 32 characters, no comma or control character"},
	RefusedBusy:          {"busy", "the rendezvous is busy", "nothing to do: peerd tries again by itself"},
	RefusedMalformed:     {"malformed", "the rendezvous did not understand the login", "upgrade the older of peerd and rendezvous"},
	RefusedBanned:        {"banned", "this key is banned from the circle", "ask whoever runs the rendezvous; what is on this machine stays readable"},
}

func (c RefusedCode) known() bool { return c > 0 && int(c) < len(refusals) }

// String returns a word for c, "code 99" for one we do not know.
func (c RefusedCode) String() string {
	if !c.known() {
		return "code " + strconv.Itoa(int(c))
	}
	return refusals[c].word
}

// Refused ends a control connection in place of Welcome. It is also the error
// of the login it ends: errors.AsType[wire.Refused].
type Refused struct {
	Code   RefusedCode
	Detail string // for people; written by the rendezvous: escape it before showing
}

// Error returns the cause, and the rendezvous' own words for it if it sent any.
func (m Refused) Error() string {
	cause := "the rendezvous refused the login: " + m.Code.String()
	if m.Code.known() {
		cause = refusals[m.Code].cause
	}
	if m.Detail != "" {
		cause += ": " + m.Detail
	}
	return cause
}

// Hint returns the user's next step.
func (m Refused) Hint() string {
	if !m.Code.known() {
		return "update peerd: this rendezvous gives reasons that it does not know"
	}
	return refusals[m.Code].hint
}

// Kind implements Message.
func (m Refused) Kind() Kind { return KindRefused }

// AppendBody implements Message.
func (m Refused) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindRefused, &pb.Refused{Code: uint32(m.Code), Detail: m.Detail}, decodeRefused)
}

// ParseRefused decodes the body of a KindRefused frame.
func ParseRefused(body []byte) (Refused, error) {
	return parseBody(KindRefused, body, &pb.Refused{}, decodeRefused)
}

func decodeRefused(p *pb.Refused) (Refused, error) {
	var f fields
	return Refused{
		Code:   RefusedCode(f.code("code", p.Code)),
		Detail: f.text("detail", p.Detail, MaxDetail),
	}, f.check()
}
