package api

// Message is a received message: an event when it arrives, and a row of the
// history later. A search also finds messages of ours, which are Outgoing.
type Message struct {
	V          Version     `json:"v"`
	Type       messageType `json:"type"`
	ID         string      `json:"id"`
	From       string      `json:"from"`
	FromKey    string      `json:"from_key"`
	To         string      `json:"to"`
	Text       string      `json:"text"`
	SentAt     Time        `json:"sent_at"`              // by the sender's clock
	ReceivedAt Time        `json:"received_at,omitzero"` // when it arrived, by the recipient's clock; zero until then
	Path       Path        `json:"path"`                 // it came by
	Outgoing   bool        `json:"outgoing,omitzero"`    // ours
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
