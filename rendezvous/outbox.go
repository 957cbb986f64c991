package rendezvous

import (
	"crypto/tls"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"peerd/wire"
)

// errSlowReader closes the connection of a peer that does not read.
var errSlowReader = errors.New("the peer does not read what it is sent")

// errSaidGoodbye ends a connection that we have said goodbye on.
var errSaidGoodbye = errors.New("we said goodbye")

// outbox queues frames for one control connection and writes them from a
// goroutine that lives only while there is something to write: an idle
// connection has neither a buffer nor a writer. Sending never blocks. Safe for
// concurrent use.
type outbox struct {
	conn  *tls.Conn
	start func(func()) // starts a goroutine that the server waits for
	total *backlog     // what waits in all of them

	mu      sync.Mutex
	pending []byte // encoded frames nobody writes yet
	spare   []byte // the buffer written last, to be filled next
	writing bool   // a writer runs
	ending  bool   // nothing more is taken, or heard; the connection ends when all is written
	counted int    // bytes of both buffers that total has
}

// backlog is how many bytes all outboxes hold. Safe for concurrent use.
type backlog struct{ bytes atomic.Int64 }

// send queues m. A message that cannot be encoded is a bug of ours or a value
// a peer should not have been able to send; it is reported, not queued.
func (o *outbox) send(m wire.Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ending {
		return nil
	}
	var err error
	if o.pending, err = wire.AppendFrame(o.pending, m); err != nil {
		return err
	}
	return o.queued()
}

// sendFrames queues frames that are encoded already.
func (o *outbox) sendFrames(frames []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ending || len(frames) == 0 {
		return nil
	}
	o.pending = append(o.pending, frames...)
	return o.queued()
}

// relay queues a relayed datagram unless too many wait already; it reports
// whether it did.
func (o *outbox) relay(m wire.Relay) bool { return o.queueBelow(maxRelayBacklog-len(m.Payload), m) }

// offer queues what another member sends, an introduction or an envelope, unless
// too much waits already; it reports whether it did.
func (o *outbox) offer(m wire.Message) bool { return o.queueBelow(maxOfferBacklog, m) }

// queueBelow queues m if no more than limit bytes wait already.
func (o *outbox) queueBelow(limit int, m wire.Message) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ending || len(o.pending) > limit {
		return false
	}
	var err error
	if o.pending, err = wire.AppendFrame(o.pending, m); err != nil {
		return false
	}
	return o.queued() == nil
}

// queued, called with mu held, sees to it that what is pending gets written.
func (o *outbox) queued() error {
	o.count()
	if len(o.pending) > maxBacklog || len(o.pending) > maxRelayBacklog && o.total.bytes.Load() > maxBacklogInAll {
		o.ending = true
		o.pending = nil
		o.count()
		_ = o.conn.NetConn().Close() // ends the writer and the reader
		return errSlowReader
	}
	if !o.writing {
		o.writing = true
		o.start(o.write)
	}
	return nil
}

// count keeps total up to date, with mu held.
func (o *outbox) count() {
	held := cap(o.pending) + cap(o.spare)
	o.total.bytes.Add(int64(held - o.counted))
	o.counted = held
}

// expect gives the peer its time for the next frame. It returns errSaidGoodbye when
// nothing more of it is heard.
func (o *outbox) expect(now time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ending {
		return errSaidGoodbye // its time is that of end and close
	}
	return o.conn.SetReadDeadline(now.Add(silenceLimit))
}

// isEnding reports whether nothing more is taken.
func (o *outbox) isEnding() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ending
}

// end ends the connection when everything queued has been written: see hangUp.
func (o *outbox) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ending {
		return
	}
	o.ending = true
	_ = o.conn.SetReadDeadline(time.Now().Add(writeTimeout)) // then the goodbye is lost
	if !o.writing {
		o.writing = true
		o.start(o.write)
	}
}

// write writes until nothing is pending, and says so to the peer if that was the
// end. It holds no lock while the peer may make it wait.
func (o *outbox) write() {
	for {
		frames, ended := o.take()
		if frames == nil {
			if ended {
				o.close()
			}
			return
		}
		for piece := range slices.Chunk(frames, writeAtATime) {
			_ = o.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
			if _, err := o.conn.Write(piece); err != nil {
				_ = o.conn.NetConn().Close() // the reader sees it and logs the peer out
				break
			}
		}
	}
}

// take swaps the buffers. When there is nothing to write it lets both go and
// returns nil; the writer must then end.
func (o *outbox) take() (frames []byte, ended bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.count()
	if len(o.pending) == 0 {
		o.pending, o.spare, o.writing = nil, nil, false
		return nil, o.ending
	}
	frames = o.pending
	o.pending, o.spare = o.spare[:0], frames
	return frames, false
}

// close says that nothing follows, and leaves the peer lingerTimeout to hang up.
func (o *outbox) close() {
	_ = o.conn.CloseWrite()
	_ = o.conn.SetReadDeadline(time.Now().Add(lingerTimeout))
}
