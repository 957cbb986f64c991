package wire

// An Instance is 16 random bytes drawn anew at every start of a peer, so that
// a restarted peer is never mistaken for the one before it. The zero Instance
// is none: encoders and decoders refuse it.
type Instance [16]byte

// String returns the 26-character text form, for logs.
func (i Instance) String() string { return textEncoding.EncodeToString(i[:]) }
