package apitest

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"peerd/peer/api"
)

// Offer makes a peer offer a file of that size, and returns the transfer's id.
func (d *Daemon) Offer(from, name string, size int64) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.addTransfer(from, api.Transfer{Name: name, Size: size, Files: 1, State: api.TransferOffered}).ID
}

// Move brings a transfer to a state, with so many bytes moved. The reason, of a
// failure or pause, may be empty.
func (d *Daemon) Move(id string, state api.TransferState, moved int64, reason api.TransferReason) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t, err := d.transfer(id); err == nil {
		t.Moved = moved
		d.change(t, state, reason)
	}
}

// transfer finds a transfer. The caller holds the lock.
func (d *Daemon) transfer(id string) (*api.Transfer, error) {
	i := slices.IndexFunc(d.transfers, func(t api.Transfer) bool { return t.ID == id })
	if i < 0 {
		return nil, api.NoSuchTransfer(id)
	}
	return &d.transfers[i], nil
}

// OfferFile offers whatever is at the path, and takes its size.
func (d *Daemon) OfferFile(_ context.Context, request api.FileOffer) (api.Transfer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	peer, err := d.find(request.To)
	if err != nil {
		return api.Transfer{}, err
	}
	info, err := os.Stat(request.Path)
	if err != nil {
		return api.Transfer{}, err
	}
	t := api.Transfer{
		Name: filepath.Base(request.Path), Size: info.Size(), Files: 1, Folder: info.IsDir(), Path: request.Path,
		Outgoing: true, State: api.TransferQueued,
	}
	if peer.Online {
		t.State = api.TransferOffered
	}
	return d.addTransfer(peer.Name, t), nil
}

// addTransfer completes a new transfer and tells of it. The caller holds the lock.
func (d *Daemon) addTransfer(peer string, t api.Transfer) api.Transfer {
	t.ID, t.Peer, t.PeerKey, t.OfferedAt = id('f', len(d.transfers)+1), peer, d.peer(peer).Key, Epoch
	d.transfers = append(d.transfers, t)
	d.Publish(api.FileEvent{Transfer: t, At: Epoch})
	return t
}

// change brings a transfer to a state. The caller holds the lock.
func (d *Daemon) change(t *api.Transfer, state api.TransferState, reason api.TransferReason) {
	t.State, t.Reason = state, reason
	if state == api.TransferDone {
		t.Moved = t.Size
		if !t.Outgoing {
			t.Path = "/downloads/" + t.Name
		}
	}
	if state.Final() {
		t.EndedAt = Epoch
	}
	d.Publish(api.FileEvent{Transfer: *t, At: Epoch})
}

func (d *Daemon) Transfers(context.Context) ([]api.Transfer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.transfers), nil
}

// DecideFile does what is decided at once: what is accepted stays accepted until
// Move.
func (d *Daemon) DecideFile(_ context.Context, decision api.FileDecision) (api.Transfer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t, err := d.transfer(decision.ID)
	if err != nil {
		return api.Transfer{}, err
	}
	if t.State.Final() || t.Outgoing && decision.Verb != api.FileCancel {
		return api.Transfer{}, api.WrongTransferState(decision.Verb, *t)
	}
	d.change(t, map[api.FileVerb]api.TransferState{
		api.FileAccept: api.TransferAccepted, api.FileDecline: api.TransferDeclined, api.FileCancel: api.TransferCancelled,
	}[decision.Verb], "")
	return *t, nil
}

func (d *Daemon) FilePolicy(_ context.Context, request api.FilePolicy) (api.FilePolicy, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	peer, err := d.find(request.Peer)
	if err != nil {
		return api.FilePolicy{}, err
	}
	if request.Policy != "" {
		d.policies[peer.Name] = request.Policy
	}
	policy := d.policies[peer.Name]
	if policy == "" {
		policy = api.PolicyAsk
	}
	return api.FilePolicy{Peer: peer.Name, Key: peer.Key, Policy: policy}, nil
}
