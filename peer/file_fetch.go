package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"

	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/peer/transfer"
	"peerd/peer/transfer/disk"
	"peerd/wire"
)

// fetchPause is how long to wait before a fetch that could not go on is tried
// again: the peer is away, or the disk is full. Nothing is sent meanwhile.
const fetchPause = 2 * time.Second

// fetch is an offer of a peer that we have accepted, on its way here. It ends when
// everything has arrived, when it never can, or when it is cancelled; until then it
// waits for whatever is missing.
type fetch struct {
	daemon   *Daemon
	id       wire.MessageID
	progress progress
	cancel   context.CancelFunc
	ended    chan struct{}
}

// A fetchFailure means that an offer can never be completed.
type fetchFailure struct {
	reason wire.FileReason
	cause  error
}

func (e *fetchFailure) Error() string { return e.cause.Error() }
func (e *fetchFailure) Unwrap() error { return e.cause }

// startFetch fetches what we have accepted, unless that is under way.
func (d *Daemon) startFetch(t store.Transfer) {
	ctx, cancel := context.WithCancel(d.ctx)
	f := &fetch{daemon: d, id: t.ID, cancel: cancel, ended: make(chan struct{})}
	f.progress.reach(t.Moved)
	d.spawn(func() {
		defer cancel()
		if !d.files.enter(f) {
			return
		}
		defer close(f.ended)
		f.run(ctx)
		d.files.leave(f)
		if ctx.Err() == nil {
			d.tellProgress(t.ID)
		}
	})
}

func (f *fetch) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := f.attempt(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		if failure, ok := errors.AsType[*fetchFailure](err); ok {
			if err = f.fail(ctx, failure); err == nil {
				return
			}
		}
		f.pause(err)
		select {
		case <-time.After(fetchPause):
		case <-ctx.Done():
		}
	}
}

// pause notes why nothing moves.
func (f *fetch) pause(err error) {
	state, reason := api.TransferAccepted, diskReason(err)
	if reason != "" {
		state = api.TransferPaused
	}
	if f.progress.set(state, reason) {
		f.daemon.log.Info().Err(err).Stringer("transfer", f.id).Msg("a file waits")
		f.daemon.tellProgress(f.id)
	}
}

// diskReason is why our disk does not take a file; empty when err is about
// something else.
func diskReason(err error) api.TransferReason {
	failure, _ := errors.AsType[*api.Error](err)
	_, path := errors.AsType[*os.PathError](err)
	_, link := errors.AsType[*os.LinkError](err)
	switch {
	case failure != nil && failure.Code == api.CodeNoSpace, errors.Is(err, syscall.ENOSPC):
		return api.ReasonNoSpace
	case path || link:
		return api.ReasonDisk
	}
	return ""
}

// fail tells the peer that the offer can never be completed.
func (f *fetch) fail(ctx context.Context, failure *fetchFailure) error {
	d := f.daemon
	t, err := d.store.Transfer(ctx, f.id)
	if err != nil {
		return err
	}
	d.log.Warn().Err(failure).Stringer("transfer", f.id).Msg("a file cannot be completed")
	if err := d.answer(ctx, t, wire.FileFailed, failure.reason); err != nil {
		return err
	}
	return disk.Discard(d.downloads(), f.id.String())
}

// attempt does what is left to be done, once the peer is there.
func (f *fetch) attempt(ctx context.Context) error {
	d := f.daemon
	t, err := d.store.Transfer(ctx, f.id)
	if err != nil || t.State != store.TransferAccepted {
		return err
	}
	if disk.Moved(d.downloads(), t.ID.String(), t.Path) {
		return f.finish(ctx, t)
	}
	s, err := d.connectedSession(ctx, t.Peer)
	if err != nil {
		return err
	}
	select {
	case d.files.fetching <- struct{}{}:
		defer func() { <-d.files.fetching }()
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	err = f.receive(ctx, s, t)
	if _, failed := errors.AsType[*fetchFailure](err); err != nil && !failed && diskReason(err) == "" {
		s.doubt()
	}
	if err != nil {
		return err
	}
	return f.finish(ctx, t)
}

// receive fetches what is missing, and puts everything into place.
func (f *fetch) receive(ctx context.Context, s *session, t store.Transfer) error {
	d := f.daemon
	connection, err := s.dialBulk(ctx)
	if err != nil {
		return err
	}
	defer connection.CloseWithError(codeClosed, "done")
	manifest, err := fetchManifest(ctx, connection, t)
	if err != nil {
		return err
	}
	target, err := disk.OpenTarget(d.downloads(), t.ID.String(), t.Offer.Folder, manifest)
	if err != nil {
		return err
	}
	defer target.Close()
	plan := transfer.NewPlan(manifest)
	if err := target.Verify(ctx, plan.Arrived); err != nil {
		return err
	}
	f.progress.reach(plan.Bytes())
	if err := d.roomFor(manifest.Size() - plan.Bytes()); err != nil {
		return err
	}
	f.progress.set(api.TransferRunning, "")
	d.tellProgress(f.id)
	p := newPull(f, s, manifest, plan, target)
	if err := errors.Join(p.run(ctx, connection), d.store.SetMoved(d.ctx, t.ID, plan.Bytes())); err != nil {
		return err
	}
	_, err = target.Finish(t.Offer.Name, func(path string) error { return d.store.SetTransferPath(ctx, t.ID, path) })
	return err
}

// finish tells the peer that everything is here.
func (f *fetch) finish(ctx context.Context, t store.Transfer) error {
	if err := f.daemon.answer(ctx, t, wire.FileDone, 0); err != nil {
		return err
	}
	if err := disk.Discard(f.daemon.downloads(), t.ID.String()); err != nil {
		f.daemon.log.Warn().Err(err).Stringer("transfer", t.ID).Msg("cannot remove what a transfer leaves")
	}
	return nil
}

// fetchManifest returns the manifest of an offer, and a *fetchFailure when it is
// not that of the offer.
func fetchManifest(ctx context.Context, connection *quic.Conn, t store.Transfer) (*transfer.Manifest, error) {
	stream, err := openFetch(ctx, connection, wire.FileFetch{Offer: t.ID, Manifest: true})
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { stream.CancelRead(0) })()
	stream.Close()
	encoded, err := io.ReadAll(io.LimitReader(stream, int64(t.Offer.Manifest)+1))
	if err != nil {
		return nil, fmt.Errorf("fetch the list of files: %w", sourceError(err))
	}
	manifest, err := transfer.Parse(encoded)
	if err != nil {
		return nil, &fetchFailure{wire.FileMalformed, err}
	}
	if len(encoded) != int(t.Offer.Manifest) || manifest.Root() != transfer.Hash(t.Offer.Root) ||
		manifest.Size() != int64(t.Offer.Size) || manifest.Files() != int(t.Offer.Files) || manifest.IsFile() == t.Offer.Folder {
		return nil, &fetchFailure{wire.FileMalformed, errors.New("the list of files is not that of the offer")}
	}
	return manifest, nil
}

// openFetch opens a stream for what is asked for.
func openFetch(ctx context.Context, connection *quic.Conn, asked wire.FileFetch) (*quic.Stream, error) {
	stream, err := connection.OpenStreamSync(ctx)
	if err != nil {
		return nil, fmt.Errorf("open a stream for files: %w", err)
	}
	return stream, writeFileFrame(stream, asked)
}

func writeFileFrame(w io.Writer, m wire.Message) error {
	frame, err := wire.AppendFrame(nil, m)
	if err != nil {
		return err
	}
	_, err = w.Write(frame)
	return err
}

// sourceError is err, a *fetchFailure where the sender says that it will not get
// better.
func sourceError(err error) error {
	reset, ok := errors.AsType[*quic.StreamError](err)
	if !ok || !reset.Remote {
		return err
	}
	switch reset.ErrorCode {
	case codeChanged:
		return &fetchFailure{wire.FileChanged, err}
	case codeNoOffer, codeUnreadable:
		return &fetchFailure{wire.FileUnreadable, err}
	}
	return err
}
