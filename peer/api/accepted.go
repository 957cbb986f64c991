package api

// Accepted says that a message of ours is on our disk, whichever program it came
// from: who shows a conversation shows it from now on.
type Accepted struct {
	V    Version  `json:"v"`
	Type sentType `json:"type"`
	Message
}

// EventType implements [Event].
func (Accepted) EventType() EventType { return TypeSent }
