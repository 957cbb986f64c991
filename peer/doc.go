// Package peer is the daemon: it keeps one user logged in to the rendezvous,
// holds a session with every peer there is something to say to, and sees to
// it that a message accepted is a message delivered. It serves cmd/peerd and,
// through package peer/api, peerctl.
//
//	   api                      rendezvous
//	    │                           │ control connection (login.go)
//	    ▼                           ▼
//	 outbox ──▶ conversation ◀── introduction, envelope
//	(store)      one a peer         │
//	    ▲            │              ▼
//	    │            ▼           session ── punch/socket
//	    └──receipt── stream ◀── QUIC, pinned keys
//
// A message passes through the states queued (on our disk), sent (handed to
// the network), delivered (on the recipient's disk) and read. Whatever breaks
// in between, the conversation begins again at the first message that has no
// receipt; the recipient recognises repetitions by their id. Edits, groups and
// offers of files go the same way (items.go); files themselves have connections of
// their own (bulk.go).
//
// Users of the classic protocol have neither keys nor sessions, and what is said
// to them is sent once: see classic.go.
//
// It is not the traversal (package punch), not the bytes (package wire), and
// not the disk (package peer/store).
package peer
