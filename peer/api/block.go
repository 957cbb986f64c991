package api

import "fmt"

// BlockRequest asks to take nothing from a peer any more, or everything again.
type BlockRequest struct {
	Name    string `json:"name"` // of a contact or another peer of the circle, or its whole key
	Blocked bool   `json:"blocked"`
}

// Blocked is the error for what cannot be done with a contact that the user has
// blocked.
func Blocked(name string) *Error {
	return &Error{
		Code:    CodeBlocked,
		Subject: name,
		Message: fmt.Sprintf("you have blocked %q: nothing was done", name),
		Hint:    "peerctl contact unblock " + name,
	}
}
