package api

import "fmt"

// NoSuchMessage is the error for an id that no message has.
func NoSuchMessage(ref string) *Error {
	return &Error{
		Code:    CodeNoSuchMessage,
		Subject: ref,
		Message: fmt.Sprintf("no message has the id %q", ref),
		Hint:    "see what they are called: peerctl history",
	}
}

// AmbiguousMessage is the error for a part of an id that several messages have.
func AmbiguousMessage(ref string) *Error {
	return &Error{
		Code:    CodeMessageAmbiguous,
		Subject: ref,
		Message: fmt.Sprintf("several messages have an id with %q", ref),
		Hint:    "use more of it, or all: peerctl --json history",
	}
}

// NotOurs is the error for a change to a message that somebody else wrote.
func NotOurs(ref, author string) *Error {
	return &Error{
		Code:    CodeNotOurs,
		Subject: ref,
		Message: fmt.Sprintf("message %s is not yours: %s wrote it", ref, author),
	}
}

// WasUnsent is the error for a change to a message that was taken back.
func WasUnsent(ref string) *Error {
	return &Error{Code: CodeUnsent, Subject: ref, Message: fmt.Sprintf("message %s was taken back", ref)}
}
