package api

import (
	"context"
	"fmt"
	"strings"
)

// Files is the part of a [Backend] that sends and receives files.
type Files interface {
	// OfferFile reads a file or folder, which may take long, offers it to a peer
	// and returns when the offer is on this peer's disk. The daemon reads it, as
	// the user it runs as; Path is absolute.
	OfferFile(ctx context.Context, request FileOffer) (Transfer, error)

	// Transfers lists what was offered, by either side, oldest first.
	Transfers(ctx context.Context) ([]Transfer, error)

	// DecideFile accepts or declines what a peer offers, or cancels what is not
	// done, whoever offered it. A decision that was made before is no error.
	DecideFile(ctx context.Context, decision FileDecision) (Transfer, error)

	// FilePolicy sets what happens to a peer's offers, and returns it. An empty
	// Policy in the request changes nothing.
	FilePolicy(ctx context.Context, request FilePolicy) (FilePolicy, error)
}

// TransferState is how far a file has come. The words are stable.
type TransferState string

const (
	TransferQueued    TransferState = "queued"    // the offer is on the sender's disk only
	TransferOffered   TransferState = "offered"   // its recipient has not decided
	TransferAccepted  TransferState = "accepted"  // waits for its turn, or for the other peer
	TransferRunning   TransferState = "running"   // is moving
	TransferPaused    TransferState = "paused"    // goes on by itself when Reason is gone
	TransferDone      TransferState = "done"      // verified, on the recipient's disk
	TransferDeclined  TransferState = "declined"  // by its recipient
	TransferCancelled TransferState = "cancelled" // by either side
	TransferFailed    TransferState = "failed"    // see Reason
)

// Final reports whether the state will not change any more.
func (s TransferState) Final() bool {
	switch s {
	case TransferDone, TransferDeclined, TransferCancelled, TransferFailed:
		return true
	}
	return false
}

// TransferReason says why a transfer has failed or is paused. The words are stable.
type TransferReason string

const (
	ReasonChanged    TransferReason = "changed"    // what the sender has is not what it offered
	ReasonMalformed  TransferReason = "malformed"  // the sender's list of files is none
	ReasonUnreadable TransferReason = "unreadable" // the sender cannot read it any more
	ReasonNoSpace    TransferReason = "no_space"   // the recipient's disk would fall under its reserve
	ReasonDisk       TransferReason = "disk"       // the recipient cannot write, see its log
)

// Transfer is a file or folder that was offered, by us or to us.
type Transfer struct {
	V         Version        `json:"v"`
	ID        string         `json:"id"`
	Peer      string         `json:"peer"`
	PeerKey   string         `json:"peer_key"`
	Outgoing  bool           `json:"outgoing"` // ours
	Name      string         `json:"name"`     // as its sender calls it; see Path for where it is
	Folder    bool           `json:"folder,omitzero"`
	Size      int64          `json:"size"`
	Files     int            `json:"files"`
	State     TransferState  `json:"state"`
	Reason    TransferReason `json:"reason,omitzero"`
	Moved     int64          `json:"moved"`            // bytes the recipient has
	Path      string         `json:"path,omitzero"`    // ours: what is sent. A peer's: where it was put, once done
	Skipped   int            `json:"skipped,omitzero"` // in the answer to OfferFile: links and devices in the folder, not sent
	OfferedAt Time           `json:"offered_at"`
	EndedAt   Time           `json:"ended_at,omitzero"`
}

// FileEvent is a change of a transfer: of its state, or of Moved, at most once a
// second.
type FileEvent struct {
	Transfer
	Type fileType `json:"type"`
	At   Time     `json:"at"`
}

// EventType implements [Event].
func (FileEvent) EventType() EventType { return TypeFile }

// FileOffer asks to offer what is at Path to a peer.
type FileOffer struct {
	To   string `json:"to"`
	Path string `json:"path"` // absolute
}

// FileVerb is what a user decides about a transfer.
type FileVerb string

const (
	FileAccept  FileVerb = "accept"
	FileDecline FileVerb = "decline"
	FileCancel  FileVerb = "cancel"
)

// FileDecision is the user's decision about a transfer.
type FileDecision struct {
	ID   string   `json:"id"`
	Verb FileVerb `json:"verb"`
}

// PolicyWord says what happens to a peer's offers.
type PolicyWord string

const (
	PolicyAsk   PolicyWord = "ask"   // the user decides about each
	PolicyAuto  PolicyWord = "auto"  // accepted while there is room on the disk
	PolicyNever PolicyWord = "never" // declined
)

// FilePolicy is what happens to a peer's offers. It is bound to the peer's key.
type FilePolicy struct {
	V      Version    `json:"v"`
	Peer   string     `json:"peer"`
	Key    string     `json:"key,omitzero"`
	Policy PolicyWord `json:"policy,omitzero"`
}

func (p FilePolicy) check() error {
	if p.Policy == "" {
		return nil
	}
	_, err := ParsePolicy(string(p.Policy))
	return err
}

// ParsePolicy reads a policy as users write it.
func ParsePolicy(text string) (PolicyWord, error) {
	switch p := PolicyWord(text); p {
	case PolicyAsk, PolicyAuto, PolicyNever:
		return p, nil
	}
	return "", usage("unknown policy %q: use ask, auto or never", text)
}

// NoSuchTransfer is the error for an id that no transfer has.
func NoSuchTransfer(id string) *Error {
	return &Error{
		Code:    CodeNoSuchTransfer,
		Subject: id,
		Message: fmt.Sprintf("no transfer has the id %q", id),
		Hint:    "see them: peerctl file ls",
	}
}

// WrongTransferState is the error for a decision that comes too late or is not
// ours to make.
func WrongTransferState(verb FileVerb, t Transfer) *Error {
	whose := "a peer's"
	if t.Outgoing {
		whose = "ours"
	}
	return &Error{
		Code:    CodeTransferState,
		Subject: strings.Join([]string{string(verb), t.ID, string(t.State)}, " "),
		Message: fmt.Sprintf("cannot %s %s: it is %s, and is %s", verb, t.ID, whose, t.State),
		Hint:    "see them: peerctl file ls",
	}
}

// NoSpace is the error for a file that would fill the disk.
func NoSpace(dir string, size, free, reserve int64) *Error {
	return &Error{
		Code:    CodeNoSpace,
		Subject: dir,
		Message: fmt.Sprintf("%d bytes do not fit into %s: %d are free, of which %d stay free", size, dir, free, reserve),
		Hint:    "make room, or use another disk: peerd run --downloads DIR",
	}
}
