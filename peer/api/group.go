package api

import (
	"context"
	"fmt"
)

// Groups is the part of a [Backend] that keeps groups of peers. A group is given
// as the user typed it: its name, with or without the @ it is shown with.
// Messages go to a group by [Backend.Send] to its name with the @.
type Groups interface {
	// Groups lists the groups this peer is a member of, sorted by name.
	Groups(ctx context.Context) ([]Group, error)

	// CreateGroup makes a group of this peer and the members.
	CreateGroup(ctx context.Context, request GroupRequest) (Group, error)

	// AddToGroup makes peers members. One who is a member stays one.
	AddToGroup(ctx context.Context, request GroupRequest) (Group, error)

	// LeaveGroup takes this peer out of a group; what was said stays in the
	// history.
	LeaveGroup(ctx context.Context, request GroupRequest) (Group, error)
}

// Group is several peers who hear what each of them says.
type Group struct {
	V       Version           `json:"v"`
	Name    string            `json:"name"` // with the @
	ID      string            `json:"id"`
	Members List[GroupMember] `json:"members"` // sorted by name
	Unread  int               `json:"unread"`
}

// GroupMember is a member of a group.
type GroupMember struct {
	Name   string `json:"name"`
	Key    string `json:"key"`
	Online bool   `json:"online"`
	Self   bool   `json:"self,omitzero"` // this peer
}

// GroupRequest names a group and peers.
type GroupRequest struct {
	Name    string   `json:"name"`
	Members []string `json:"members,omitempty"`
}

// GroupChange is the event that a peer has changed who is in a group.
type GroupChange struct {
	V      Version      `json:"v"`
	Type   groupType    `json:"type"`
	Group  string       `json:"group"` // with the @
	ID     string       `json:"id"`
	By     string       `json:"by"`
	Joined List[string] `json:"joined"`
	Left   List[string] `json:"left"`
	At     Time         `json:"at"`
}

// EventType implements [Event].
func (GroupChange) EventType() EventType { return TypeGroup }

// NoSuchGroup is the error for a name that is no group's of this peer.
func NoSuchGroup(ref string) *Error {
	return &Error{
		Code:    CodeNoSuchGroup,
		Subject: ref,
		Message: fmt.Sprintf("no group named %q", ref),
		Hint:    "see them: peerctl group ls",
	}
}

// GroupAmbiguous is the error for a name that several groups have.
func GroupAmbiguous(ref string) *Error {
	return &Error{
		Code:    CodeGroupAmbiguous,
		Subject: ref,
		Message: fmt.Sprintf("several groups are named %q", ref),
		Hint:    "use the whole name as shown by: peerctl group ls",
	}
}
