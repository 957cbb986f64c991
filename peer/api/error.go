package api

import (
	"errors"
	"fmt"
	"net/http"

	"peerd/internal/exitcode"
)

// sameRelease is what to do when the two ends of the socket do not understand each other.
const sameRelease = "use peerctl and peerd of the same release"

// An Error is a failure the user can act on. It travels over the socket and
// comes back in the client as the same value.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`           // lower case, names the cause
	Hint    string `json:"hint,omitempty"`    // the next step, best a command
	Subject string `json:"subject,omitempty"` // what it is about, such as the peer's name, for translations
}

func (e *Error) Error() string { return e.Message }

// ExitCode implements exitcode.Coder.
func (e *Error) ExitCode() int { return e.Code.meaning().exit }

// Code classifies an Error.
type Code string

const (
	CodeOther       Code = "other"
	CodeUsage       Code = "usage"
	CodeUnreachable Code = "unreachable" // the daemon, by the client; or it is shutting down
	CodeDenied      Code = "denied"
	CodeKeyChanged  Code = "key_changed" // the peer's name now comes with another key
	CodeNoSuchPeer  Code = "no_such_peer"
	CodeNotReached  Code = "not_reached"
	CodeOnlyRelayed Code = "only_relayed"
	CodeDeclined    Code = "declined"

	CodeNoSuchContact  Code = "no_such_contact"
	CodeKeyMismatch    Code = "key_mismatch"    // a name comes with another key than the one to be trusted
	CodeKeyKnown       Code = "key_known"       // a key to be trusted is pinned to another name
	CodeNameTaken      Code = "name_taken"      // a petname is somebody else's name
	CodeMessagesQueued Code = "messages_queued" // for a contact to be forgotten

	CodeClassicOnly Code = "classic_only" // more was asked of a classic user than there is
	CodeClassicAway Code = "classic_away" // a classic user is not online
	CodeClassicOff  Code = "classic_off"  // this peer takes no part in the classic protocol
	// CodeClassicUnreachable is a classic user in a network that this peer does not send to.
	CodeClassicUnreachable Code = "classic_unreachable"

	CodeNoSuchTransfer Code = "no_such_transfer"
	CodeTransferState  Code = "transfer_state" // of a transfer for which a decision makes no sense
	CodeNoSpace        Code = "no_space"
	CodeNoSuchGroup    Code = "no_such_group"
	CodeGroupAmbiguous Code = "group_ambiguous" // several groups have the name

	CodeBlocked     Code = "blocked"      // by the user
	CodeCodeDiffers Code = "code_differs" // the safety code given is not that of the keys
	// CodeVerifiedKeyChanged is CodeKeyChanged for a key that the user has verified.
	CodeVerifiedKeyChanged Code = "verified_key_changed"

	CodeNoSuchMessage    Code = "no_such_message"
	CodeMessageAmbiguous Code = "message_ambiguous" // the part of an id is that of several messages
	CodeNotOurs          Code = "not_ours"          // a message that only its author may change
	CodeUnsent           Code = "unsent"            // a message that was taken back
)

type meaning struct{ exit, status int }

// meaning gives the exit code and HTTP status of a code. Codes of a newer
// daemon count as other.
func (c Code) meaning() meaning {
	switch c {
	case CodeUsage, CodeClassicOnly, CodeGroupAmbiguous, CodeMessageAmbiguous:
		return meaning{exitcode.Usage, http.StatusBadRequest}
	case CodeUnreachable:
		return meaning{exitcode.DaemonUnreachable, http.StatusServiceUnavailable}
	case CodeDenied, CodeClassicOff, CodeKeyChanged, CodeKeyMismatch, CodeKeyKnown, CodeNameTaken, CodeMessagesQueued,
		CodeBlocked, CodeCodeDiffers, CodeVerifiedKeyChanged,
		CodeNotOurs, CodeUnsent:
		return meaning{exitcode.Denied, http.StatusForbidden}
	case CodeNoSuchPeer, CodeClassicAway, CodeClassicUnreachable, CodeNoSuchContact, CodeNoSuchMessage, CodeNoSuchGroup:
		return meaning{exitcode.NoSuchPeer, http.StatusNotFound}
	case CodeNotReached:
		return meaning{exitcode.NotReached, http.StatusGatewayTimeout}
	case CodeOnlyRelayed:
		return meaning{exitcode.OnlyRelayed, http.StatusBadGateway}
	case CodeDeclined:
		return meaning{exitcode.Declined, http.StatusConflict}
	}
	return meaning{exitcode.Other, http.StatusInternalServerError}
}

// NoSuchPeer is the error for a name or key nobody in the circle has.
func NoSuchPeer(ref string) *Error {
	return &Error{
		Code:    CodeNoSuchPeer,
		Subject: ref,
		Message: fmt.Sprintf("no peer named %q in the circle", ref),
		Hint:    "see who is there: peerctl peers",
	}
}

// KeyChanged is the error for a peer whose known name now comes with another
// key: nothing may be sent to it until the user has trusted that one.
func KeyChanged(name string) *Error {
	return &Error{
		Code:    CodeKeyChanged,
		Subject: name,
		Message: fmt.Sprintf("the key of %q has changed: it may be somebody else", name),
		Hint:    fmt.Sprintf("compare it with the owner's (peerctl whoami), then accept it: peerctl contact trust %s", name),
	}
}

// VerifiedKeyChanged is KeyChanged for a key of which the user knew that it was
// its owner's.
func VerifiedKeyChanged(name string) *Error {
	e := KeyChanged(name)
	e.Code = CodeVerifiedKeyChanged
	e.Message = fmt.Sprintf("the key of %q, which you had verified, has changed: somebody may pretend to be %q", name, name)
	e.Hint = fmt.Sprintf("ask the owner for its key (peerctl whoami there), not by peerd, then accept that one: peerctl contact trust %s --key KEY", name)
	return e
}

// NotReached is the error for a peer that does not answer.
func NotReached(name string) *Error {
	return &Error{
		Code:    CodeNotReached,
		Subject: name,
		Message: fmt.Sprintf("no answer from %q", name),
		Hint:    fmt.Sprintf("see why: peerctl why %s", name),
	}
}

func usage(format string, args ...any) *Error {
	return &Error{Code: CodeUsage, Message: fmt.Sprintf(format, args...)}
}

// asError returns err as it is told to the client.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: CodeOther, Message: err.Error()}
}
