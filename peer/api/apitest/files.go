package apitest

import (
	"context"
	"path/filepath"
	"slices"

	"peerd/peer/api"
)

// Offer makes a peer offer a file.
func (d *Daemon) Offer(from, name string, size int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.addTransfer(api.Transfer{Peer: from, PeerKey: d.peer(from).Key, Name: name, Size: size, Files: 1, State: api.TransferOffered})
}

// Move brings a transfer to a state, with so many bytes moved.
func (d *Daemon) Move(id string, state api.TransferState, moved int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t, err := d.transfer(id); err == nil {
		t.State, t.Moved = state, moved
		d.Publish(api.FileEvent{Transfer: *t, At: Epoch})
	}
}

// addTransfer adds t and tells of it. The caller holds the lock.
func (d *Daemon) addTransfer(t api.Transfer) api.Transfer {
	t.ID, t.OfferedAt = id('f', len(d.transfers)+1), Epoch
	d.transfers = append(d.transfers, t)
	d.Publish(api.FileEvent{Transfer: t, At: Epoch})
	return t
}

// transfer finds a transfer. The caller holds the lock.
func (d *Daemon) transfer(id string) (*api.Transfer, error) {
	i := slices.IndexFunc(d.transfers, func(t api.Transfer) bool { return t.ID == id })
	if i < 0 {
		return nil, api.NoSuchTransfer(id)
	}
	return &d.transfers[i], nil
}

func (d *Daemon) OfferFile(_ context.Context, request api.FileOffer) (api.Transfer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	peer, err := d.find(request.To)
	if err != nil {
		return api.Transfer{}, err
	}
	state := api.TransferQueued
	if peer.Online {
		state = api.TransferOffered
	}
	return d.addTransfer(api.Transfer{
		Peer: peer.Name, PeerKey: peer.Key, Outgoing: true, Name: filepath.Base(request.Path), Path: request.Path,
		Size: 1000, Files: 1, State: state,
	}), nil
}

func (d *Daemon) Transfers(context.Context) ([]api.Transfer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.transfers), nil
}

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
	t.State = map[api.FileVerb]api.TransferState{
		api.FileAccept: api.TransferAccepted, api.FileDecline: api.TransferDeclined, api.FileCancel: api.TransferCancelled,
	}[decision.Verb]
	d.Publish(api.FileEvent{Transfer: *t, At: Epoch})
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
