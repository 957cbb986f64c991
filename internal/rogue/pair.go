package rogue

import "peerd/wire"

// Pair has the rogue relay between two keys, as after an introduction. What goes to one
// that has never logged in is for the script to see, as a wire.Relay to it.
func (r *Rendezvous) Pair(session wire.SessionID, a, b wire.Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sessions[session] = [2]wire.Key{a, b}
}
