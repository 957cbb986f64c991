package api

import (
	"fmt"
	"slices"
)

// State is how far a message has come. States are passed in order and never
// left backwards.
type State string

const (
	StateQueued    State = "queued"    // on the sender's disk
	StateSent      State = "sent"      // handed to the network
	StateDelivered State = "delivered" // on the recipient's disk
	StateRead      State = "read"      // the recipient has seen it

	// StateImported is none of them: the message was under way where it was
	// exported, and is not sent from here. Nothing is reached.
	StateImported State = "imported"
)

var states = []State{StateQueued, StateSent, StateDelivered, StateRead}

// ParseState reads a state as users write it: stored is another word for
// queued, the first state.
func ParseState(text string) (State, error) {
	if text == "stored" {
		return StateQueued, nil
	}
	if state := State(text); slices.Contains(states, state) {
		return state, nil
	}
	return "", fmt.Errorf("unknown message state %q: use stored, sent, delivered or read", text)
}

// Reached reports whether a message in state s has passed or is in wanted.
func (s State) Reached(wanted State) bool {
	return slices.Index(states, s) >= slices.Index(states, wanted)
}
