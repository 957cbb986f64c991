package api

import (
	"context"
	"fmt"
)

// Contacts is the part of a [Backend] that keeps the peers whose keys are
// pinned. Name is the petname, the pinned name or the whole key of one; an
// error of CodeNoSuchContact says that nobody is known by it.
type Contacts interface {
	// Contacts lists all contacts, sorted by name.
	Contacts(ctx context.Context) ([]Contact, error)

	// AddContact pins the key of a peer before the first message. A key that
	// nobody in the circle has yet needs a petname.
	AddContact(ctx context.Context, request AddRequest) (Contact, error)

	// Verify shows what to compare with a peer, and records that it was the
	// same on both sides. A peer that is no contact yet becomes one with that.
	Verify(ctx context.Context, request VerifyRequest) (Verification, error)

	// BlockContact takes nothing more from a peer, or everything again. It says
	// nothing to the peer. One that is no contact becomes one.
	BlockContact(ctx context.Context, request BlockRequest) (Contact, error)

	// ReadReceipts tells for whom read receipts are on: the first row is for
	// everybody, and one follows for each contact that has a setting of its own.
	ReadReceipts(ctx context.Context) ([]ReadReceipts, error)

	// SetReadReceipts changes whom we tell what we have read, and returns the
	// setting as it is then.
	SetReadReceipts(ctx context.Context, request ReadReceiptsRequest) (ReadReceipts, error)

	// Trust pins the key that the roster has for a name now, if it is
	// request.Key or that is empty. Messages that wait for the key pinned
	// before stay with it: they are never sent to the new one. Trusting again
	// changes nothing.
	Trust(ctx context.Context, request TrustRequest) (Trusted, error)

	// RenameContact gives a contact a petname, known to this daemon alone. The
	// name it is pinned by takes the petname away.
	RenameContact(ctx context.Context, request RenameRequest) (Contact, error)

	// ForgetContact removes a pin: the next key that comes with the name counts
	// as a first contact. It refuses while messages wait for the key, with
	// CodeMessagesQueued, unless they are to be discarded. The rest of the
	// history stays.
	ForgetContact(ctx context.Context, request ForgetRequest) (Forgotten, error)
}

// Contact is a peer whose key is pinned to its name.
type Contact struct {
	V          Version     `json:"v"`
	Name       string      `json:"name"`        // the petname, or else the pinned one
	PinnedName string      `json:"pinned_name"` // the circle's name for the key when it was pinned
	Key        string      `json:"key"`
	PinnedAt   Time        `json:"pinned_at"`
	Roster     RosterMatch `json:"roster"`
	RosterKey  string      `json:"roster_key,omitempty"`  // of whoever else has the pinned name now
	RosterName string      `json:"roster_name,omitempty"` // that the key goes by now, where another
	Queued     int         `json:"queued"`                // our messages not delivered yet
	Online     bool        `json:"online"`
	LastSeen   Time        `json:"last_seen,omitzero"` // when it was last online, as far as known
	Verified   bool        `json:"verified"`           // the user has compared the safety code
	VerifiedAt Time        `json:"verified_at,omitzero"`
	Blocked    bool        `json:"blocked"`
	Receipts   Receipts    `json:"receipts"` // whether it is told what we have read
}

// AddRequest asks to pin the key of a peer, given by its name in the circle or by
// its whole key, and to call it As, where that is not empty.
type AddRequest struct {
	Peer string `json:"peer"`
	As   string `json:"as,omitempty"`
}

// RosterMatch says whether the roster agrees with a pin. The words are stable.
type RosterMatch string

const (
	RosterAgrees  RosterMatch = "agrees"
	RosterChanged RosterMatch = "changed" // the name comes with another key
	RosterRenamed RosterMatch = "renamed" // the key comes with another name, and nobody has the pinned one
	RosterAbsent  RosterMatch = "absent"  // neither is there
)

// TrustRequest asks to pin the key a name comes with now. Key, where it is not
// empty, is the only one to be accepted.
type TrustRequest struct {
	Name string `json:"name"`
	Key  string `json:"key,omitempty"`
}

// Trusted says which key a name is pinned to now.
type Trusted struct {
	V      Version `json:"v"`
	Name   string  `json:"name"`
	Key    string  `json:"key"`
	OldKey string  `json:"old_key,omitempty"` // that was pinned before; empty when there was none other
	Queued int     `json:"queued"`            // messages that wait for OldKey and stay with it
	// WasVerified says that OldKey was verified, which says nothing of Key.
	WasVerified bool `json:"was_verified,omitempty"`
}

// RenameRequest asks to call a contact by a petname.
type RenameRequest struct {
	Name    string `json:"name"`
	NewName string `json:"new_name"`
}

// ForgetRequest asks to forget a contact, with Force also the messages that
// wait for it.
type ForgetRequest struct {
	Name  string `json:"name"`
	Force bool   `json:"force,omitempty"`
}

// Forgotten says what has been forgotten.
type Forgotten struct {
	V         Version `json:"v"`
	Name      string  `json:"name"`
	Key       string  `json:"key"`
	Discarded int     `json:"discarded"` // messages that were not known to be delivered
}

// NoSuchContact is the error for a name or key that nothing is pinned to.
func NoSuchContact(ref string) *Error {
	return &Error{
		Code:    CodeNoSuchContact,
		Subject: ref,
		Message: fmt.Sprintf("no contact named %q", ref),
		Hint:    "see them: peerctl contact ls",
	}
}

// KeyMismatch is the error for a name that comes with another key than the user
// expects; nothing is trusted then.
func KeyMismatch(name, offered string) *Error {
	return &Error{
		Code:    CodeKeyMismatch,
		Subject: name,
		Message: fmt.Sprintf("%q comes with the key %s, not with the one given: nothing was changed", name, offered),
		Hint:    "compare it with the owner's: peerctl whoami",
	}
}

// KeyKnown is the error for a key that cannot be pinned to another name while it
// is a contact's: the contact's own name would be free for anybody.
func KeyKnown(contact string) *Error {
	return &Error{
		Code:    CodeKeyKnown,
		Subject: contact,
		Message: fmt.Sprintf("the new key is that of your contact %q: nothing was changed", contact),
		Hint:    "if both are one person: peerctl contact rm " + contact,
	}
}

// NameTaken is the error for a petname that is, or looks like, somebody else's
// name.
func NameTaken(name string) *Error {
	return &Error{
		Code:    CodeNameTaken,
		Subject: name,
		Message: fmt.Sprintf("the name %q is taken, or looks like one that is", name),
		Hint:    "choose another one; those taken: peerctl peers",
	}
}

// MessagesQueued is the error for a contact that messages wait for.
func MessagesQueued(name string, count int) *Error {
	return &Error{
		Code:    CodeMessagesQueued,
		Subject: name,
		Message: fmt.Sprintf("messages to %q that are not delivered and would be lost: %d", name, count),
		Hint:    fmt.Sprintf("lose them: peerctl contact rm %s --force", name),
	}
}
