package peer

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"peerd/peer/transfer"
	"peerd/peer/transfer/disk"
	"peerd/wire"
)

// quietLooks is after how many looks at which nothing has arrived the session is
// doubted. Fewer would doubt it for every short outage, which costs an introduction.
const quietLooks = 3

// pull fetches the missing chunks of one offer, over as many connections as make it
// faster: see transfer.Climb.
type pull struct {
	fetch    *fetch
	session  *session
	manifest *transfer.Manifest
	target   *disk.Target
	ended    chan error   // one result of each stream
	arrived  atomic.Int64 // bytes since the last look, also of chunks that are not whole

	mu      sync.Mutex // guards what follows
	plan    *transfer.Plan
	streams int // at work, without those that have been told to end
	wanted  int // how many there should be
}

func newPull(f *fetch, s *session, m *transfer.Manifest, plan *transfer.Plan, target *disk.Target) *pull {
	return &pull{
		fetch: f, session: s, manifest: m, plan: plan, target: target,
		ended:  make(chan error),
		wanted: 1,
	}
}

// run returns when everything is there, or with the error that stopped it. The first
// stream is on connection, the others have connections of their own.
func (p *pull) run(ctx context.Context, connection *quic.Conn) error {
	ctx, cancel := context.WithCancel(ctx)
	running := 0
	start := func(on *quic.Conn) {
		running++
		p.mu.Lock()
		p.streams++
		p.mu.Unlock()
		go func() { p.ended <- p.stream(ctx, on) }()
	}
	defer func() {
		cancel()
		for ; running > 0; running-- {
			<-p.ended
		}
	}()
	look := time.NewTicker(progressInterval)
	defer look.Stop()
	climb, quiet := transfer.NewClimb(), 0
	for start(connection); ; {
		select {
		case err := <-p.ended:
			running--
			switch {
			case err != nil:
				return err
			case p.complete():
				return nil
			case running == 0:
				start(nil) // another stream has given back what it had asked for
			}
		case <-look.C:
			arrived := p.arrived.Swap(0)
			if quiet++; arrived > 0 {
				quiet = 0
			}
			if quiet == quietLooks {
				p.session.doubt()
			}
			climb.Look(float64(arrived))
			for p.needsStream(climb.Connections()) {
				start(nil)
			}
			p.fetch.daemon.tellProgress(p.fetch.id)
		}
	}
}

func (p *pull) complete() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.plan.Complete()
}

// needsStream notes how many streams there should be, and reports whether one more
// would have something to do.
func (p *pull) needsStream(wanted int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = wanted
	return p.streams < p.wanted && p.plan.More()
}

// question is a range that one stream has asked for.
type question struct {
	transfer.Range
	at   time.Time
	next uint64 // the chunk that comes next
}

// puller is one stream of a pull.
type puller struct {
	*pull
	stream      *quic.Stream
	window      transfer.Window
	asked       []question // not all of which has come
	outstanding int64      // bytes of that
	retired     bool       // asks for nothing more
	buffer      []byte
}

// stream fetches chunks on one stream until there are no more, or it is not wanted
// any more.
func (p *pull) stream(ctx context.Context, connection *quic.Conn) (err error) {
	w := &puller{pull: p, buffer: make([]byte, transfer.ChunkSize)}
	defer w.giveBack()
	if connection == nil {
		if connection, err = p.session.dialBulk(ctx); err != nil {
			return err
		}
		defer connection.CloseWithError(codeClosed, "done")
	}
	_, _, have := p.fetch.progress.get()
	w.stream, err = openFetch(ctx, connection, wire.FileFetch{Offer: p.fetch.id, Have: uint64(have)})
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { w.stream.CancelRead(0) })()
	defer w.stream.Close()
	for {
		if err := w.ask(); err != nil {
			return err
		}
		if len(w.asked) == 0 {
			return nil
		}
		if err := w.take(); err != nil {
			return err
		}
	}
}

// ask asks for chunks until the window is full.
func (w *puller) ask() error {
	for w.outstanding < w.window.Bytes() {
		r, size := w.nextRange()
		if r.Count == 0 {
			return nil
		}
		if err := writeFileFrame(w.stream, wire.FileWant{First: r.First, Count: r.Count}); err != nil {
			return sourceError(err)
		}
		w.asked = append(w.asked, question{r, time.Now(), r.First})
		w.outstanding += size
	}
	return nil
}

// nextRange takes chunks from the plan, none when this stream is one too many.
func (w *puller) nextRange() (r transfer.Range, size int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.retired && w.streams > w.wanted {
		w.retired = true
		w.streams--
	}
	if w.retired {
		return transfer.Range{}, 0
	}
	r = w.plan.Take(transfer.ChunkSize)
	for i := range uint64(r.Count) {
		size += int64(w.manifest.Chunk(r.First + i).Length)
	}
	return r, size
}

// Read counts what it reads: a chunk may take longer than a look.
func (w *puller) Read(b []byte) (int, error) {
	n, err := w.stream.Read(b)
	w.arrived.Add(int64(n))
	return n, err
}

// take reads, verifies and writes the chunk that comes next.
func (w *puller) take() error {
	question := &w.asked[0]
	chunk := w.manifest.Chunk(question.next)
	data := w.buffer[:chunk.Length]
	if _, err := io.ReadFull(w, data); err != nil {
		return sourceError(err)
	}
	if !w.manifest.Verify(question.next, data) {
		return &fetchFailure{wire.FileChanged, errors.New("a chunk is not what was offered")}
	}
	if err := w.fetch.daemon.roomFor(int64(len(data))); err != nil {
		return err
	}
	if err := w.target.Write(question.next, data); err != nil {
		return err
	}
	w.fetch.progress.add(int64(len(data)))
	w.mu.Lock()
	w.plan.Arrived(question.next)
	w.mu.Unlock()
	w.outstanding -= int64(len(data))
	question.next++
	if question.next == question.First+uint64(question.Count) {
		w.window.Waited(time.Since(question.at))
		w.asked = w.asked[1:]
	}
	return nil
}

// giveBack leaves what has not come to others.
func (w *puller) giveBack() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, question := range w.asked {
		w.plan.GiveBack(question.Range)
	}
	if !w.retired {
		w.streams--
	}
}
