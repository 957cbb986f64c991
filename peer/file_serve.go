package peer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"

	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/peer/transfer"
	"peerd/peer/transfer/disk"
	"peerd/wire"
)

// Error codes with which the sender of a file resets its side of a stream, see
// wire/SPEC.md, section 10.
const (
	codeNoOffer    quic.StreamErrorCode = 1
	codeChanged    quic.StreamErrorCode = 2
	codeUnreadable quic.StreamErrorCode = 3
	codeCancelled  quic.StreamErrorCode = 4
)

// errNoOffer means that a peer fetches what it was not offered, or no longer.
var errNoOffer = errors.New("no such offer")

// service is one offer of ours that is being fetched, on any number of streams.
type service struct {
	progress progress
	cancel   context.CancelFunc
	ctx      context.Context
	manifest *transfer.Manifest
	source   *disk.Source
	streams  int // guarded by files.mu
}

// serveFile serves one stream of a bulk connection.
func (d *Daemon) serveFile(ctx context.Context, peer wire.Key, stream *quic.Stream) {
	err := d.answerFetch(ctx, peer, stream)
	if err == nil {
		stream.Close()
		return
	}
	stream.CancelWrite(codeOfEnd(err))
	stream.CancelRead(0)
	d.log.Debug().Err(err).Stringer("peer", peer).Msg("a stream of a file ended")
}

// codeOfEnd tells the recipient why a stream ends. Of all codes only that of a cancelled
// one has it try again: what is short on our machine just now says nothing of the file.
func codeOfEnd(err error) quic.StreamErrorCode {
	switch {
	case errors.Is(err, errNoOffer):
		return codeNoOffer
	case errors.Is(err, disk.ErrChanged):
		return codeChanged
	case errors.Is(err, context.Canceled), errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ENOMEM):
		return codeCancelled
	}
	return codeUnreadable
}

func (d *Daemon) answerFetch(ctx context.Context, peer wire.Key, stream *quic.Stream) error {
	reader := bufio.NewReader(stream)
	asked, err := readFileFrame[wire.FileFetch](reader)
	if err != nil {
		return err
	}
	t, err := d.store.Transfer(ctx, asked.Offer)
	if errors.Is(err, store.ErrNotFound) || err == nil && (t.Peer != peer || !t.Outgoing || !t.State.Open()) {
		return fmt.Errorf("%s: %w", asked.Offer, errNoOffer)
	}
	if err != nil {
		return err
	}
	if asked.Manifest {
		manifest, err := disk.ReadManifest(d.config.StateDir, t.ID.String())
		if err == nil {
			_, err = stream.Write(manifest)
		}
		return err
	}
	s, err := d.enterService(t, int64(asked.Have))
	if err != nil {
		return err
	}
	defer d.leaveService(t.ID, s)
	stop := context.AfterFunc(s.ctx, func() { stream.CancelRead(0) })
	defer stop()
	return errors.Join(d.serveChunks(t.ID, s, reader, stream), s.ctx.Err())
}

// enterService joins the service of a transfer, or begins it. Have is what the
// recipient says it has: it may have lost what we have sent, or come back.
func (d *Daemon) enterService(t store.Transfer, have int64) (*service, error) {
	s := d.joinService(t.ID, nil)
	if s == nil {
		opened, err := d.openService(t)
		if err != nil {
			return nil, err
		}
		if s = d.joinService(t.ID, opened); s != opened {
			opened.cancel()
			if err := opened.source.Close(); err != nil {
				d.log.Debug().Err(err).Msg("close a folder")
			}
		}
	}
	s.progress.reach(have)
	s.progress.set(api.TransferRunning, "")
	d.tellProgress(t.ID)
	return s, nil
}

// joinService adds a stream to the service there is, or to the one that is opened
// for it; nil when there is neither.
func (d *Daemon) joinService(id wire.MessageID, opened *service) *service {
	d.files.mu.Lock()
	defer d.files.mu.Unlock()
	s := d.files.services[id]
	if s == nil && opened != nil {
		s = opened
		d.files.services[id] = s
	}
	if s != nil {
		s.streams++
	}
	return s
}

func (d *Daemon) openService(t store.Transfer) (*service, error) {
	encoded, err := disk.ReadManifest(d.config.StateDir, t.ID.String())
	if err != nil {
		return nil, err
	}
	s := new(service)
	if s.manifest, err = transfer.Parse(encoded); err != nil {
		return nil, err
	}
	if s.source, err = disk.OpenSource(t.Path, s.manifest); err != nil {
		return nil, err
	}
	s.ctx, s.cancel = context.WithCancel(d.ctx)
	return s, nil
}

// leaveService ends the service with its last stream.
func (d *Daemon) leaveService(id wire.MessageID, s *service) {
	d.files.mu.Lock()
	s.streams--
	last := s.streams == 0
	if last {
		delete(d.files.services, id)
	}
	d.files.mu.Unlock()
	if !last {
		return
	}
	s.cancel()
	_, _, moved := s.progress.get()
	if err := errors.Join(s.source.Close(), d.store.SetMoved(d.ctx, id, moved)); err != nil && d.ctx.Err() == nil {
		d.log.Warn().Err(err).Stringer("transfer", id).Msg("end of serving a file")
	}
	if d.ctx.Err() == nil {
		d.tellProgress(id)
	}
}

// serveChunks sends what the peer asks for until it asks no more.
func (d *Daemon) serveChunks(id wire.MessageID, s *service, wants io.Reader, out io.Writer) error {
	buffer := make([]byte, transfer.ChunkSize)
	for {
		want, err := readFileFrame[wire.FileWant](wants)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if want.First+uint64(want.Count) > s.manifest.Chunks() {
			return fmt.Errorf("chunks %d to %d were asked for: %w", want.First, want.First+uint64(want.Count), errNoOffer)
		}
		for i := range uint64(want.Count) {
			data, err := s.source.Read(want.First+i, buffer)
			if err != nil {
				return err
			}
			if _, err := out.Write(data); err != nil {
				return err
			}
			s.progress.add(int64(len(data)))
			if s.progress.due(time.Now()) {
				d.tellProgress(id)
			}
		}
	}
}

// readFileFrame reads one frame, which has to be an M.
func readFileFrame[M wire.Message](r io.Reader) (m M, err error) {
	kind, body, err := wire.ReadFrame(r, nil)
	if err != nil {
		return m, err
	}
	parsed, err := wire.Parse(kind, body)
	if err != nil {
		return m, err
	}
	m, ok := parsed.(M)
	if !ok {
		return m, fmt.Errorf("a frame of kind %v where %v was expected", kind, m.Kind())
	}
	return m, nil
}
