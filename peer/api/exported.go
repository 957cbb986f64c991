package api

import (
	"encoding/base32"
	"fmt"
	"math"
	"slices"
	"time"
	"unicode/utf8"
)

// Exported is one message as export writes it and import takes it: everything
// that is stored of it.
type Exported struct {
	V     Version      `json:"v"`
	Type  exportedType `json:"type"`
	Owner string       `json:"owner"` // the key whose history it is of
	Peer  string       `json:"peer"`  // the key of the other side
	Name  string       `json:"name"`  // what the other side was called; of no effect

	ID       string `json:"id"`
	Outgoing bool   `json:"outgoing"`             // the owner's own
	Seq      uint64 `json:"seq"`                  // the author's, in the conversation
	Group    string `json:"group,omitempty"`      // id of the group it was said in
	Kind     uint8  `json:"kind,omitempty"`       // of an item; nothing means a text
	Payload  []byte `json:"payload,omitempty"`    // of an item, as on the wire
	Hidden   bool   `json:"hidden,omitempty"`     // not for people to read, or a copy of what is
	Text     string `json:"text"`                 // as edited last
	State    State  `json:"state"`                // outgoing: queued, sent, imported, delivered or read; else unread or read
	Path     string `json:"path,omitempty"`       // it came, or was delivered, by
	SentAt   Time   `json:"sent_at"`              // by the author's clock
	Received Time   `json:"received_at,omitzero"` // incoming only

	DeliveredAt Time `json:"delivered_at,omitzero"`
	ReadAt      Time `json:"read_at,omitzero"`
	EditedAt    Time `json:"edited_at,omitzero"`
	UnsentAt    Time `json:"unsent_at,omitzero"`
}

// StateUnread is the state of a peer's message that the user has not read, in an
// Exported.
const StateUnread State = "unread"

type exportedType struct{}

const typeExported EventType = "exported"

func (exportedType) MarshalText() ([]byte, error)    { return []byte(typeExported), nil }
func (exportedType) UnmarshalText(text []byte) error { return wantType(typeExported, text) }

// isTextForm reports whether text is that many octets in lower-case base32, as
// keys and ids are written.
func isTextForm(text string, octets int) bool {
	encoding := base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
	raw, err := encoding.DecodeString(text)
	return err == nil && len(raw) == octets && encoding.EncodeToString(raw) == text
}

// maxPayload is the longest item in bytes; wire.MaxItem is the same.
const maxPayload = MaxText + 1<<10

// maxSeq leaves room for the messages to come.
const maxSeq = math.MaxInt64 / 2

// Check says what is wrong with a row, with CodeUsage.
func (e Exported) Check() error {
	for _, id := range []struct {
		what, text string
		octets     int
	}{{"owner", e.Owner, 32}, {"peer", e.Peer, 32}, {"id", e.ID, 16}, {"group", e.Group, 16}} {
		if !isTextForm(id.text, id.octets) && (id.what != "group" || id.text != "") {
			return usage("%s %.60q is none", id.what, id.text)
		}
	}
	states := []State{StateUnread, StateRead}
	if e.Outgoing {
		states = []State{StateQueued, StateSent, StateImported, StateDelivered, StateRead}
	}
	switch {
	case e.Peer == e.Owner:
		return usage("nobody is in conversation with himself")
	case e.Seq == 0 || e.Seq > maxSeq:
		return usage("sequence %d is out of range", e.Seq)
	case !slices.Contains(states, e.State):
		return usage("state %.20q is none of such a message", string(e.State))
	case len(e.Text) > MaxText || !utf8.ValidString(e.Text):
		return usage("the text is too long, or not UTF-8")
	case len(e.Payload) > maxPayload:
		return usage("the payload is too long")
	case len(e.Path) > 16:
		return usage("path %.20q is none", e.Path)
	case e.SentAt.IsZero():
		return usage("there is no sent_at")
	}
	return e.checkTimes()
}

// checkTimes refuses times that cannot be stored as nanoseconds.
func (e Exported) checkTimes() error {
	for _, t := range []Time{e.SentAt, e.Received, e.DeliveredAt, e.ReadAt, e.EditedAt, e.UnsentAt} {
		if !t.IsZero() && !time.Unix(0, t.UnixNano()).Equal(t.Time) {
			return usage("time %s is out of range", t.Format(time.RFC3339))
		}
	}
	return nil
}

// ImportRequest asks to store messages of an archive, all of them or none.
type ImportRequest struct {
	Messages []Exported `json:"messages"`
	// AnotherKey says that they are of another key of the user's, such as one
	// that was lost.
	AnotherKey bool `json:"another_key,omitempty"`
}

// Imported says what became of imported messages.
type Imported struct {
	V        Version `json:"v"`
	Added    int     `json:"added"`    // were not here
	Advanced int     `json:"advanced"` // were here, and the archive knows more of them
	Known    int     `json:"known"`    // were here as they are, or further
}

// ForeignHistory is the error for an archive of somebody else's messages.
func ForeignHistory(owner string) *Error {
	return &Error{
		Code:    CodeDenied,
		Message: fmt.Sprintf("this is the history of %s, which is not this peer's key", owner),
		Hint:    "if it was yours: peerctl import --another-key; to get that key back: peerd restore",
	}
}
