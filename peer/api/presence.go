package api

// Presence is a login or logout of a peer.
type Presence struct {
	V      Version      `json:"v"`
	Type   presenceType `json:"type"`
	Name   string       `json:"name"`
	Key    string       `json:"key"`
	Online bool         `json:"online"`
	At     Time         `json:"at"`
	ClassicMark
}

// EventType implements [Event].
func (Presence) EventType() EventType { return TypePresence }
