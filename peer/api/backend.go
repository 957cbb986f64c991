package api

import "context"

// A Backend is the daemon behind the socket. All methods may be called
// concurrently. Every method returns soon after its context ends.
//
// A peer is given as the user typed it, a name or a whole key; [FindPeer]
// resolves it. Errors that the user can act on are [*Error] values, possibly
// wrapped; any other error is shown with exit code 1.
type Backend interface {
	// Status describes this peer, its rendezvous and its NAT. It answers at
	// once from what is known and works offline.
	Status(ctx context.Context) (Status, error)

	// Peers lists every other member of the circle, sorted by name.
	Peers(ctx context.Context) ([]Peer, error)

	// Send stores a message and returns when it is on this peer's disk, in
	// state queued or later; it does not wait for the peer, who may be offline.
	// A second request with the same SendRequest.ID stores nothing and returns
	// the first one's row.
	Send(ctx context.Context, request SendRequest) (Sent, error)

	// WaitMessage returns the message's row as soon as its state has reached
	// the wanted one with every recipient, or when ctx ends, whichever is first. Not reached in time
	// is no error: the row's State tells. An id that was never sent is.
	WaitMessage(ctx context.Context, id string, wanted State) (Sent, error)

	// Receipts tells how far a message of ours has come, for every recipient. The
	// id may be a part of one, or "last", as in an EditRequest.
	Receipts(ctx context.Context, id string) ([]Receipt, error)

	// Edit changes a text of ours, or takes it back, and returns it as it is then.
	// Like a message it is stored here first, and reaches everybody who got the
	// text, however long that takes. Errors are CodeNotOurs and CodeUnsent.
	Edit(ctx context.Context, request EditRequest) (Message, error)

	// Read lists received messages in the order of their arrival. It marks
	// nothing: a reader that dies before it has shown them loses none.
	Read(ctx context.Context, request ReadRequest) ([]Message, error)

	// Search lists the messages, ours and the peers', that contain all the
	// texts, the newest first. It marks nothing. Nothing found is no error.
	Search(ctx context.Context, request SearchRequest) ([]Message, error)

	// History lists the newest messages of a conversation, ours and the peers',
	// in the order of time. It marks nothing.
	History(ctx context.Context, request HistoryRequest) ([]Message, error)

	// MarkRead records that the user has seen a message and every earlier one
	// of the same sender. Marking again changes nothing.
	MarkRead(ctx context.Context, mark ReadMark) error

	// Connect makes sure that a session with the peer exists or is being
	// opened (and punched), and returns the peer's row as it is now, without
	// waiting. An offline peer is no error.
	Connect(ctx context.Context, peer string) (Peer, error)

	// Ping measures one round trip to the peer's daemon over the path in use,
	// opening a session first where there is none. It returns an error of
	// CodeNotReached when the peer is offline or ctx ends without an answer.
	// The caller numbers the rows.
	Ping(ctx context.Context, peer string) (Ping, error)

	// Netcheck observes the NAT and the rendezvous anew, which takes up to some
	// seconds.
	Netcheck(ctx context.Context) (Netcheck, error)

	// Why explains which path to the peer is in use.
	Why(ctx context.Context, peer string) (Why, error)

	// SetIntroduce changes which peers may learn where we are. Status tells what it is.
	SetIntroduce(ctx context.Context, request IntroduceRequest) (Introductions, error)

	Contacts
	Safekeeping

	Files
	Groups
	Cursors

	// Subscribe returns the events of the given types (when there are none:
	// message, presence, path and file) that happen from now on: when it returns, nothing more is missed.
	// The channel is closed when ctx ends, and also when the subscriber falls
	// too far behind; the backend never blocks on it. [Hub] does all this.
	Subscribe(ctx context.Context, types ...EventType) <-chan Event
}
