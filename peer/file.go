package peer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"time"

	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/peer/transfer/disk"
	"peerd/wire"
)

// Files are offered and answered with items, which arrive once and in order however
// long the peer is away, and change the store's transfers on both sides. The
// recipient then fetches what it has accepted (file_fetch.go) and the sender serves
// it (file_serve.go).
//
//	sender                                           recipient
//	Scan ── item FileOffer ─────────────────────────▶ policy, or the user
//	     ◀───────────────────────── item FileAnswer ─ accepted
//	serve ◀────────── bulk connections: FileFetch, … ─ fetch
//	     ◀───────────────────────── item FileAnswer ─ done

// OfferFile reads a file or folder and offers it to a peer.
func (d *Daemon) OfferFile(ctx context.Context, request api.FileOffer) (api.Transfer, error) {
	peer, err := d.addressee(request.To)
	if err != nil {
		return api.Transfer{}, err
	}
	if !filepath.IsAbs(request.Path) {
		return api.Transfer{}, &api.Error{Code: api.CodeUsage, Message: fmt.Sprintf("%q is not an absolute path", request.Path)}
	}
	scanned, err := disk.Scan(ctx, filepath.Clean(request.Path))
	if err != nil {
		return api.Transfer{}, unreadable(err)
	}
	if err := d.choose(ctx, peer); err != nil {
		return api.Transfer{}, err
	}
	id, err := d.offer(ctx, peer, scanned)
	if err != nil {
		return api.Transfer{}, err
	}
	d.conversation(peer).wake()
	row, err := d.publishTransfer(ctx, id)
	row.Skipped = scanned.Skipped
	return row, err
}

// unreadable says what to do about a file that cannot be offered.
func unreadable(err error) error {
	failure := &api.Error{Code: api.CodeOther, Message: err.Error()}
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fs.ErrNotExist):
		failure.Code = api.CodeUsage
	case errors.Is(err, fs.ErrPermission):
		failure.Hint = "peerd reads the file, as the user it runs as: copy it to where that user may read it"
	}
	return failure
}

// offer notes and queues the offer of what has been scanned.
func (d *Daemon) offer(ctx context.Context, peer wire.Key, scanned disk.Scanned) (wire.MessageID, error) {
	id, err := requestedID("")
	if err != nil {
		return id, err
	}
	manifest := scanned.Manifest.Append(nil)
	root := scanned.Manifest.Root()
	body, err := wire.FileOffer{
		Name:     scanned.Name,
		Folder:   scanned.Folder,
		Size:     uint64(scanned.Manifest.Size()),
		Files:    uint32(scanned.Manifest.Files()),
		Manifest: uint32(len(manifest)),
		Root:     root,
	}.AppendBody(nil)
	if err != nil {
		return id, fmt.Errorf("offer %s: %w", scanned.Path, err)
	}
	if err := disk.KeepManifest(d.config.StateDir, id.String(), manifest); err != nil {
		return id, fmt.Errorf("keep the list of what is offered: %w", err)
	}
	draft := store.Draft{To: peer, ID: id, Kind: wire.KindFileOffer, Payload: body, Hidden: true}
	_, err = d.store.Offer(ctx, draft, scanned.Path, time.Now())
	return id, err
}

// Transfers lists what was offered.
func (d *Daemon) Transfers(ctx context.Context) ([]api.Transfer, error) {
	transfers, err := d.store.Transfers(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]api.Transfer, len(transfers))
	for i, t := range transfers {
		if rows[i], err = d.transferRow(ctx, t); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// DecideFile is the user's decision about a transfer.
func (d *Daemon) DecideFile(ctx context.Context, decision api.FileDecision) (api.Transfer, error) {
	id, err := wire.ParseMessageID(decision.ID)
	if err != nil {
		return api.Transfer{}, api.NoSuchTransfer(decision.ID)
	}
	t, err := d.store.Transfer(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return api.Transfer{}, api.NoSuchTransfer(decision.ID)
	}
	if err != nil {
		return api.Transfer{}, err
	}
	verdict, wanted := verdictOf(decision.Verb)
	possible := t.State == store.TransferOffered && !t.Outgoing || t.State.Open() && decision.Verb == api.FileCancel
	switch {
	case t.State == wanted: // already
	case verdict == 0:
		return api.Transfer{}, &api.Error{Code: api.CodeUsage, Message: fmt.Sprintf("unknown decision %q", decision.Verb)}
	case !possible:
		row, err := d.transferRow(ctx, t)
		return api.Transfer{}, errors.Join(err, api.WrongTransferState(decision.Verb, row))
	default:
		err = d.decide(ctx, t, verdict)
	}
	if err != nil {
		return api.Transfer{}, err
	}
	return d.publishTransfer(ctx, id)
}

func verdictOf(verb api.FileVerb) (wire.FileVerdict, store.TransferState) {
	switch verb {
	case api.FileAccept:
		return wire.FileAccepted, store.TransferAccepted
	case api.FileDecline:
		return wire.FileDeclined, store.TransferDeclined
	case api.FileCancel:
		return wire.FileCancelled, store.TransferCancelled
	}
	return 0, ""
}

// decide tells the peer and acts on it.
func (d *Daemon) decide(ctx context.Context, t store.Transfer, verdict wire.FileVerdict) error {
	if verdict == wire.FileAccepted {
		if err := d.roomFor(int64(t.Offer.Size)); err != nil {
			return err
		}
	}
	if err := d.answer(ctx, t, verdict, 0); err != nil {
		return err
	}
	if verdict == wire.FileAccepted {
		d.startFetch(t)
		return nil
	}
	d.abandon(t)
	return nil
}

// answer tells the peer what becomes of an offer. The store's transfer has changed
// when it returns.
func (d *Daemon) answer(ctx context.Context, t store.Transfer, verdict wire.FileVerdict, reason wire.FileReason) error {
	_, err := d.sendItem(ctx, t.Peer, wire.FileAnswer{Offer: t.ID, Answer: verdict, Reason: reason})
	return err
}

// abandon stops whatever goes on for a transfer and removes what only that needs.
func (d *Daemon) abandon(t store.Transfer) {
	d.files.stop(t.ID)
	var err error
	if t.Outgoing {
		err = disk.ForgetManifest(d.config.StateDir, t.ID.String())
	} else {
		err = disk.Discard(d.downloads(), t.ID.String())
	}
	if err != nil {
		d.log.Warn().Err(err).Stringer("transfer", t.ID).Msg("cannot remove what a transfer leaves")
	}
}

// tookOffer acts on an offer that has just arrived.
func (d *Daemon) tookOffer(m store.Message) {
	d.spawn(func() {
		t, err := d.store.Transfer(d.ctx, m.ID)
		if errors.Is(err, store.ErrNotFound) || err == nil && (t.Peer != m.Peer || t.Outgoing) {
			// One of too many, or under the id of another.
			err = d.answer(d.ctx, store.Transfer{ID: m.ID, Peer: m.Peer}, wire.FileDeclined, 0)
		} else if err == nil {
			_, err = d.publishTransfer(d.ctx, t.ID)
			d.applyPolicy(t)
		}
		if err != nil {
			d.log.Error().Err(err).Stringer("peer", m.Peer).Msg("take offer of a file")
		}
	})
}

// applyPolicy decides about an offer where the user need not. What does not fit on
// the disk waits for the user.
func (d *Daemon) applyPolicy(t store.Transfer) {
	policy, err := d.store.FilePolicy(d.ctx, t.Peer)
	if err == nil && policy != store.FileAsk {
		verb := api.FileAccept
		if policy == store.FileNever {
			verb = api.FileDecline
		}
		_, err = d.DecideFile(d.ctx, api.FileDecision{ID: t.ID.String(), Verb: verb})
	}
	if err != nil {
		d.log.Warn().Err(err).Stringer("transfer", t.ID).Msg("an offer waits for the user")
	}
}

// tookAnswer acts on what a peer has said about an offer.
func (d *Daemon) tookAnswer(m store.Message) {
	answer, err := wire.ParseFileAnswer([]byte(m.Payload))
	if err != nil {
		return
	}
	d.spawn(func() {
		t, err := d.store.Transfer(d.ctx, answer.Offer)
		if err != nil || t.Peer != m.Peer {
			return // there is no such offer
		}
		if !t.State.Open() {
			d.abandon(t)
		}
		if _, err := d.publishTransfer(d.ctx, t.ID); err != nil {
			d.log.Error().Err(err).Stringer("transfer", t.ID).Msg("take answer about a file")
		}
	})
}

// resumeFiles goes on with what was under way when the last process ended.
func (d *Daemon) resumeFiles() {
	open, err := d.store.OpenTransfers(d.ctx)
	if err != nil {
		d.log.Error().Err(err).Msg("list transfers")
		return
	}
	ids := make(map[string]bool)
	for _, t := range open {
		ids[t.ID.String()] = true
	}
	keep := func(id string) bool { return ids[id] }
	if err := errors.Join(disk.Tidy(d.downloads(), keep), disk.TidyManifests(d.config.StateDir, keep)); err != nil {
		d.log.Warn().Err(err).Msg("cannot remove what old transfers left")
	}
	for _, t := range open {
		switch {
		case t.Outgoing:
		case t.State == store.TransferAccepted:
			d.startFetch(t)
		default:
			d.applyPolicy(t)
		}
	}
}

// FilePolicy sets or tells what happens to a peer's offers.
func (d *Daemon) FilePolicy(ctx context.Context, request api.FilePolicy) (api.FilePolicy, error) {
	peer, err := d.resolve(request.Peer)
	if err != nil {
		return api.FilePolicy{}, err
	}
	if request.Policy != "" {
		if err := d.store.SetFilePolicy(ctx, peer, store.FilePolicy(request.Policy)); err != nil {
			return api.FilePolicy{}, err
		}
	}
	policy, err := d.store.FilePolicy(ctx, peer)
	return api.FilePolicy{Peer: d.nameOf(peer), Key: peer.String(), Policy: api.PolicyWord(policy)}, err
}

// downloads is the folder that files are put into.
func (d *Daemon) downloads() string {
	if d.config.Downloads != "" {
		return d.config.Downloads
	}
	return filepath.Join(d.config.StateDir, "downloads")
}

// roomFor returns an *api.Error of CodeNoSpace when size bytes more would leave
// less than the reserve free on the disk.
func (d *Daemon) roomFor(size int64) error {
	err := disk.MakeFolder(d.downloads())
	var free uint64
	if err == nil {
		free, _, err = d.config.DiskSpace(d.downloads())
	}
	if err != nil {
		return fmt.Errorf("ask how much room there is: %w", err)
	}
	left := int64(min(free, math.MaxInt64)) - d.config.DiskReserve
	if size > left {
		return api.NoSpace(d.downloads(), size, left+d.config.DiskReserve, d.config.DiskReserve)
	}
	return nil
}
