package api

// An Edit says that the author of a message has changed it or taken it back: a
// peer one of its messages, or we one of ours. The Message is as it is now.
type Edit struct {
	V    Version  `json:"v"`
	Type editType `json:"type"`
	Message
}

// EventType implements [Event].
func (Edit) EventType() EventType { return TypeEdit }
