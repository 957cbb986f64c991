package api

// Message is a message of a conversation. As an event it is one that has just
// arrived; the history has those of ours too, which are Outgoing.
type Message struct {
	V          Version     `json:"v"`
	Type       messageType `json:"type"`
	ID         string      `json:"id"`
	From       string      `json:"from"`
	FromKey    string      `json:"from_key"`
	To         string      `json:"to"`
	Group      string      `json:"group,omitzero"` // it was said in; empty: between the two of us
	Text       string      `json:"text"`
	SentAt     Time        `json:"sent_at"`              // by the sender's clock
	ReceivedAt Time        `json:"received_at,omitzero"` // when it arrived, by the recipient's clock; zero until then
	Path       Path        `json:"path"`                 // it came by
	Outgoing   bool        `json:"outgoing,omitzero"`    // ours
	State      State       `json:"state,omitzero"`       // of ours; in a group the state that every member has reached
	EditedAt   Time        `json:"edited_at,omitzero"`   // when its author changed Text last
	Unsent     bool        `json:"unsent,omitzero"`      // its author has taken it back; Text is empty then
	ClassicMark
}

// EventType implements [Event].
func (Message) EventType() EventType { return TypeMessage }

// ReadRequest selects received messages.
type ReadRequest struct {
	From   string // a peer; empty means all
	Unread bool   // only those not marked read
}

// ReadMark says that the user has seen the message UpTo and every earlier one
// of the same sender.
type ReadMark struct {
	UpTo string `json:"up_to"` // message id
	// Receipt tells the sender. Without it the mark stays here.
	Receipt bool `json:"receipt"`
}
