package api

import "fmt"

// VerifyRequest asks for the safety code of our key and a peer's. With Code it is
// compared with the one the other side shows, with Scanned with the QR code there, with
// Confirm the user has compared them; any of these records that the key is its owner's.
type VerifyRequest struct {
	Name    string `json:"name"` // of a contact or another peer of the circle, or its whole key
	Code    string `json:"code,omitempty"`
	Scanned string `json:"scanned,omitempty"` // what a scanner read there: a Verification's QR
	Confirm bool   `json:"confirm,omitempty"`
}

// Verification is what two people compare, by a way other than peerd: the code of
// both their keys, as digits and as words. Equal on both sides, nobody is between
// them.
type Verification struct {
	V          Version `json:"v"`
	Name       string  `json:"name"`
	Key        string  `json:"key"`
	Digits     string  `json:"digits"`
	Words      string  `json:"words"`
	QR         string  `json:"qr"` // what a QR code says that is for the other side alone
	Verified   bool    `json:"verified"`
	VerifiedAt Time    `json:"verified_at,omitzero"`
}

// CodeDiffers is the error for a safety code that is not that of our key and the
// one pinned to the peer's name; nothing is recorded then.
func CodeDiffers(name string) *Error {
	return &Error{
		Code:    CodeCodeDiffers,
		Subject: name,
		Message: fmt.Sprintf("this is not the safety code of your key and that of %q: nothing was recorded, and somebody may be between you", name),
		Hint:    fmt.Sprintf("compare all of it once more: peerctl contact verify %s; if it still differs, do not trust the key", name),
	}
}

// NotScannable is the error for what was scanned and is no QR code of a Verification,
// or is the one that this side shows itself.
func NotScannable(name string, ours bool) *Error {
	e := usage("what was scanned is not what the other side's peerctl contact verify --qr shows")
	if ours {
		e = usage("what was scanned is the code that is shown here: scan the one on the other side's screen")
	}
	e.Hint = fmt.Sprintf("there: peerctl contact verify OUR_NAME --qr; here: peerctl contact verify %s --scanned -", name)
	return e
}
