package control

import (
	"errors"
	"sync/atomic"
	"time"

	"peerd/wire"
)

// A connection that no router knows any more looks like a quiet one: TCP would
// find out after minutes. So a quiet rendezvous is asked for a sign of life.
const (
	// quietLimit is how long the rendezvous may say nothing before it is asked.
	// With answerLimit a dead connection is noticed within 9 s. Shorter costs
	// every idle peer, and the rendezvous as many times, a ping more often.
	quietLimit = 6 * time.Second
	// answerLimit is how long it then has. TCP repeats a lost segment four or
	// five times in it.
	answerLimit = 3 * time.Second
	// doubtLimit is how long it has when there is a reason to think that the
	// connection is dead. Shorter gives up live ones on lossy links.
	doubtLimit = 1500 * time.Millisecond
)

// ErrSilent ends a connection on which the rendezvous has given no sign of life
// when asked for one.
var ErrSilent = errors.New("the rendezvous is silent")

// liveness is what the reader and the watcher of a connection share.
type liveness struct {
	opened time.Time
	// heardAt is when the last frame came, counted from opened.
	heardAt atomic.Int64
	// readingSince is when the reader began to wait for a frame, counted from opened;
	// busy while it does not: silence means nothing then.
	readingSince atomic.Int64
	// asking is set while an answer is awaited; heard then holds a signal for
	// the next frame.
	asking atomic.Bool
	heard  chan struct{}
	doubts chan struct{} // holds one doubt
	// cause is why we ended the connection; nil while we have not.
	cause atomic.Pointer[error]
}

// busy is in place of the time at which a reader began that has other things to do.
const busy = -1

func newLiveness() *liveness {
	l := &liveness{opened: time.Now(), heard: make(chan struct{}, 1), doubts: make(chan struct{}, 1)}
	l.readingSince.Store(busy)
	return l
}

// listened is how long the reader has been waiting for a frame.
func (l *liveness) listened() time.Duration {
	since := l.readingSince.Load()
	if since == busy {
		return 0
	}
	return time.Duration(l.now() - since)
}

// now is counted from opened.
func (l *liveness) now() int64 { return int64(time.Since(l.opened)) }

// hear notes that a frame has come.
func (l *liveness) hear() {
	l.heardAt.Store(l.now())
	if l.asking.Load() {
		select {
		case l.heard <- struct{}{}:
		default:
		}
	}
}

// silence is how long nothing has come.
func (l *liveness) silence() time.Duration {
	return time.Duration(l.now() - l.heardAt.Load())
}

// Doubt has the rendezvous asked for a sign of life at once, because there is a
// reason to think that the connection is dead. If it is, Receive returns
// ErrSilent soon. It does not block.
func (c *Conn) Doubt() {
	select {
	case c.liveness.doubts <- struct{}{}:
	default: // asked already
	}
}

// Drop ends the connection for the given reason, which Receive returns. It does
// not block.
func (c *Conn) Drop(reason error) {
	c.liveness.cause.CompareAndSwap(nil, &reason)
	c.shut()
	c.tls.NetConn().Close() // ends Receive
}

// ended returns the reason we have for the end of the connection, else err.
func (c *Conn) ended(err error) error {
	if cause := c.liveness.cause.Load(); cause != nil {
		return *cause
	}
	return err
}

// watch asks for a sign of life whenever there is reason to, until the
// connection ends.
func (c *Conn) watch() {
	for {
		patience, ok := c.awaitReason()
		if !ok {
			return
		}
		if !c.answers(patience) {
			c.Drop(ErrSilent)
			return
		}
	}
}

// awaitReason waits until the rendezvous has to be asked, and returns how long
// it may take to answer; false when the connection has ended.
func (c *Conn) awaitReason() (patience time.Duration, ok bool) {
	quiet := time.NewTimer(quietLimit)
	defer quiet.Stop()
	for {
		select {
		case <-c.closed:
			return 0, false
		case <-c.liveness.doubts:
			return doubtLimit, true
		case <-quiet.C:
			left := quietLimit - c.liveness.silence()
			if left <= 0 {
				return answerLimit, true
			}
			quiet.Reset(left)
		}
	}
}

// answers reports whether anything comes after a question, before patience ends.
// A reader that is busy, or was until just now, has not read what may be there: it is
// waited for.
func (c *Conn) answers(patience time.Duration) bool {
	l := c.liveness
	select {
	case <-l.heard: // of an earlier question
	default:
	}
	l.asking.Store(true)
	defer l.asking.Store(false)
	c.TrySend(wire.Ping{})
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case <-l.heard:
			return true
		case <-c.closed:
			return true // not by us
		case <-l.doubts:
			patience = min(patience, doubtLimit)
			timer.Reset(patience)
		case <-timer.C:
			left := patience - l.listened()
			if left <= 0 {
				return false
			}
			timer.Reset(left)
		}
	}
}
