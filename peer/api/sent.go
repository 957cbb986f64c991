package api

// MaxText is the longest message in bytes; wire.MaxText is the same.
const MaxText = 64 << 10

// SendRequest asks to send Text, valid UTF-8 of at most MaxText bytes, to a peer.
type SendRequest struct {
	To   string `json:"to"`
	Text string `json:"text"`
	// ID makes a repeated request harmless: a message id, drawn by the caller.
	// Empty lets the daemon draw one.
	ID string `json:"id,omitempty"`
}

func (r SendRequest) check() error { return CheckText(r.Text) }

// Sent is a message on its way to a peer.
type Sent struct {
	V     Version `json:"v"`
	ID    string  `json:"id"`
	To    string  `json:"to"` // the peer's name
	State State   `json:"state"`
	Path  Path    `json:"path"` // the message took; none while queued
	// Elapsed is the time from the acceptance of the message by the daemon to
	// its arrival in State, by this peer's clock.
	Elapsed Milliseconds `json:"elapsed_ms"`
	ClassicMark
}
