package failpoint

// Variable is the environment variable with the point to die at: NAME@COUNT.
const Variable = "PEERD_FAILPOINT"

// A Point is a moment in the life of a message.
type Point string

// What the sender of a message passes.
const (
	AcceptBefore    Point = "accept.before"    // the user's message is about to be stored
	AcceptAfter     Point = "accept.after"     // it is stored, and the user does not know
	TalkSealed      Point = "talk.sealed"      // it is sealed into a talk that is not sent
	TalkSent        Point = "talk.sent"        // the talk is on its way
	SendBefore      Point = "send.before"      // it is about to be written to a stream
	SendAfter       Point = "send.after"       // it is written
	MarkSentBefore  Point = "mark-sent.before" // it is on its way, and our disk does not know
	MarkSentAfter   Point = "mark-sent.after"  // our disk knows
	DeliveredBefore Point = "delivered.before" // its receipt is here, and our disk does not know
	DeliveredAfter  Point = "delivered.after"  // our disk knows
	SeenBefore      Point = "seen.before"      // the recipient has read it, and our disk does not know
	SeenAfter       Point = "seen.after"       // our disk knows
)

// What the recipient of a message passes.
const (
	EnvelopeOpened      Point = "envelope.opened"       // an envelope is open, and its content nowhere else
	SealedReceiptBefore Point = "sealed-receipt.before" // its message is stored and not acknowledged
	SealedReceiptAfter  Point = "sealed-receipt.after"  // the receipt is on its way
	ReceiveBefore       Point = "receive.before"        // a message is here, about to be stored
	ReceiveAfter        Point = "receive.after"         // it is stored
	NotifyBefore        Point = "notify.before"         // subscribers do not know of it
	NotifyAfter         Point = "notify.after"          // subscribers know, the sender does not
	ReceiptBefore       Point = "receipt.before"        // its receipt is about to be written to a stream
	ReceiptAfter        Point = "receipt.after"         // it is written
	ReadMarkBefore      Point = "read-mark.before"      // the user has read it, and our disk does not know
	ReadMarkAfter       Point = "read-mark.after"       // our disk knows, the sender does not
	ReadAnnouncedAfter  Point = "read-announced.after"  // the sender has been told
)

// What the disk of either passes.
const (
	StoreOperation    Point = "store.operation"     // a change is made in a transaction that is not committed
	StoreCommitBefore Point = "store.commit.before" // all changes of a transaction are made
	StoreCommitAfter  Point = "store.commit.after"  // they are on the disk, and nobody knows
	StoreCloseBefore  Point = "store.close.before"  // no change comes any more; the log is not compacted
	StoreCloseAfter   Point = "store.close.after"   // the log has gone into the file
)

// Points returns all of them.
func Points() []Point {
	return []Point{
		AcceptBefore, AcceptAfter, TalkSealed, TalkSent, SendBefore, SendAfter,
		MarkSentBefore, MarkSentAfter, DeliveredBefore, DeliveredAfter, SeenBefore, SeenAfter,
		EnvelopeOpened, SealedReceiptBefore, SealedReceiptAfter, ReceiveBefore, ReceiveAfter,
		NotifyBefore, NotifyAfter, ReceiptBefore, ReceiptAfter,
		ReadMarkBefore, ReadMarkAfter, ReadAnnouncedAfter,
		StoreOperation, StoreCommitBefore, StoreCommitAfter, StoreCloseBefore, StoreCloseAfter,
	}
}
