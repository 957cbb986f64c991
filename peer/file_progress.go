package peer

import (
	"context"
	"sync"
	"time"

	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

const (
	// progressInterval is how often subscribers hear how far a transfer has come.
	progressInterval = time.Second
	// maxFetches bounds the transfers that are fetched at the same time; more would
	// only slow each other down. The others wait.
	maxFetches = 4
)

// files are the transfers that something is being done about in this moment.
type files struct {
	fetching chan struct{} // holds one for each that is being fetched

	mu       sync.Mutex // guards what follows
	fetches  map[wire.MessageID]*fetch
	services map[wire.MessageID]*service
}

func newFiles() files {
	return files{
		fetching: make(chan struct{}, maxFetches),
		fetches:  make(map[wire.MessageID]*fetch),
		services: make(map[wire.MessageID]*service),
	}
}

// stop ends whatever goes on for a transfer, and waits until nothing is written
// any more.
func (f *files) stop(id wire.MessageID) {
	f.mu.Lock()
	fetch, service := f.fetches[id], f.services[id]
	f.mu.Unlock()
	if service != nil {
		service.cancel()
	}
	if fetch != nil {
		fetch.cancel()
		<-fetch.ended
	}
}

// enter takes note of a fetch; false when there is one of the same transfer.
func (f *files) enter(new *fetch) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fetches[new.id] != nil {
		return false
	}
	f.fetches[new.id] = new
	return true
}

func (f *files) leave(old *fetch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.fetches, old.id)
}

// progress returns how far a transfer is, nil when nothing goes on.
func (f *files) progress(id wire.MessageID) *progress {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fetch := f.fetches[id]; fetch != nil {
		return &fetch.progress
	}
	if service := f.services[id]; service != nil {
		return &service.progress
	}
	return nil
}

// progress is how far a transfer is.
type progress struct {
	mu     sync.Mutex
	state  api.TransferState
	reason api.TransferReason // of a pause
	moved  int64
	told   time.Time // when due was last true
}

// set notes what goes on, and reports whether that is news.
func (p *progress) set(state api.TransferState, reason api.TransferReason) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	changed := p.state != state || p.reason != reason
	p.state, p.reason = state, reason
	return changed
}

// reach notes that this many bytes are there.
func (p *progress) reach(moved int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.moved = moved
}

// add notes that bytes have moved.
func (p *progress) add(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.moved += bytes
}

// due reports whether subscribers are to be told by now; then they are the caller's
// to tell.
func (p *progress) due(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.told) < progressInterval {
		return false
	}
	p.told = now
	return true
}

func (p *progress) get() (state api.TransferState, reason api.TransferReason, moved int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state, p.reason, p.moved
}

// publishTransfer tells subscribers about a transfer, and returns its row.
func (d *Daemon) publishTransfer(ctx context.Context, id wire.MessageID) (api.Transfer, error) {
	t, err := d.store.Transfer(ctx, id)
	if err != nil {
		return api.Transfer{}, err
	}
	row, err := d.transferRow(ctx, t)
	if err == nil {
		d.events.Publish(api.FileEvent{Transfer: row, At: api.At(time.Now())})
	}
	return row, err
}

// tellProgress is publishTransfer where nobody waits for the row.
func (d *Daemon) tellProgress(id wire.MessageID) {
	if _, err := d.publishTransfer(d.ctx, id); err != nil && d.ctx.Err() == nil {
		d.log.Error().Err(err).Stringer("transfer", id).Msg("tell of a transfer")
	}
}

// transferRow describes a transfer.
func (d *Daemon) transferRow(ctx context.Context, t store.Transfer) (api.Transfer, error) {
	row := api.Transfer{
		ID:        t.ID.String(),
		Peer:      d.nameOf(t.Peer),
		PeerKey:   t.Peer.String(),
		Outgoing:  t.Outgoing,
		Name:      t.Offer.Name,
		Folder:    t.Offer.Folder,
		Size:      int64(t.Offer.Size),
		Files:     int(t.Offer.Files),
		State:     api.TransferState(t.State),
		Reason:    reasonWords[t.Reason],
		Moved:     t.Moved,
		OfferedAt: api.At(t.OfferedAt),
		EndedAt:   api.At(t.EndedAt),
	}
	if t.Outgoing || t.State == store.TransferDone {
		row.Path = t.Path
	}
	switch {
	case t.State == store.TransferDone:
		row.Moved = row.Size
	case t.State == store.TransferOffered && t.Outgoing:
		offer, err := d.store.Message(ctx, t.ID)
		if err != nil {
			return row, err
		}
		if offer.State == store.Queued || offer.State == store.Sent {
			row.State = api.TransferQueued
		}
	}
	if p := d.files.progress(t.ID); p != nil && t.State.Open() {
		state, reason, moved := p.get()
		row.Moved = moved
		if state != "" {
			row.State, row.Reason = state, reason
		}
	}
	if t.Outgoing && row.State == api.TransferAccepted && row.Moved == row.Size && row.Size > 0 {
		row.State = api.TransferRunning // the recipient is putting it into place
	}
	return row, nil
}

var reasonWords = map[wire.FileReason]api.TransferReason{
	wire.FileChanged:    api.ReasonChanged,
	wire.FileMalformed:  api.ReasonMalformed,
	wire.FileUnreadable: api.ReasonUnreadable,
}
