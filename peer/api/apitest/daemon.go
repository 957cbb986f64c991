// Package apitest is a daemon without a network, for tests of the local API and
// of the programs on top of it. It does what it is told, keeps everything in
// memory and gives the same ids, times and durations in every run. It proves
// nothing about peerd.
package apitest

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"peerd/peer/api"
)

// Epoch is when everything in a Daemon happens.
var Epoch = api.At(time.Date(2026, 11, 21, 8, 0, 0, 123456789, time.UTC))

// Durations of a message's way in a Daemon, from its acceptance.
const (
	SentAfter      = api.Milliseconds(350 * time.Microsecond)
	DeliveredAfter = api.Milliseconds(21400 * time.Microsecond)
	ReadAfter      = api.Milliseconds(4200 * time.Millisecond)
)

// A Daemon is an api.Backend. It is made by [New] and safe for concurrent use.
type Daemon struct {
	api.Hub

	mu     sync.Mutex
	status api.Status
	peers  []api.Peer
	refuse map[string]error     // by peer name: answer to whatever concerns the peer
	reach  map[string]api.State // by peer name: how far messages to it go on their own
	why    map[string]api.Why
	// netcheck is the answer to netcheck but for what status tells.
	netcheck  api.Netcheck
	silent    bool            // read receipts are off for everybody
	imported  map[string]bool // by message id
	groups    []api.Group
	transfers []api.Transfer
	policies  map[string]api.PolicyWord // by peer name
	contacts  []api.Contact             // Queued counts only what waits for a key that has changed since
	sent      []api.Sent
	texts     []string // of the messages in sent
	inbox     []api.Message
	edits     map[string]api.EditRequest // the last one of each sent message, by its id
	history   []string                   // ids of inbox and sent, in the order in which they came
	unread    map[string]bool            // by message id
	cursors   map[string]int             // by name: how many messages of inbox are passed
	marks     []api.ReadMark
	changed   chan struct{} // closed and replaced when a sent message advances

	subscriptions int
}

var _ api.Backend = (*Daemon)(nil)

// New returns the daemon of a peer who is online and has the given others in
// its circle. Messages to those online get delivered, to the others they stay
// queued.
func New(status api.Status, peers ...api.Peer) *Daemon {
	d := &Daemon{
		status:   status,
		peers:    slices.Clone(peers),
		refuse:   map[string]error{},
		reach:    map[string]api.State{},
		why:      map[string]api.Why{},
		unread:   map[string]bool{},
		cursors:  map[string]int{},
		imported: map[string]bool{},
		edits:    map[string]api.EditRequest{},
		policies: map[string]api.PolicyWord{},
		changed:  make(chan struct{}),
	}
	for _, p := range peers {
		d.reach[p.Name] = api.StateQueued
		if p.Online {
			d.reach[p.Name] = api.StateDelivered
		}
	}
	return d
}

// Refuse makes every request that concerns the peer fail with err.
func (d *Daemon) Refuse(peer string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refuse[peer] = err
}

// Reach sets how far messages to the peer come on their own from now on.
func (d *Daemon) Reach(peer string, state api.State) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reach[peer] = state
}

// Classify sets what netcheck tells beyond the status.
func (d *Daemon) Classify(check api.Netcheck) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.netcheck = check
}

// Explain sets the answer to why.
func (d *Daemon) Explain(why api.Why) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.why[why.Peer] = why
}

// SetStatus replaces the status.
func (d *Daemon) SetStatus(status api.Status) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.status = status
}

// Receive makes a message arrive.
func (d *Daemon) Receive(from, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	peer := d.peer(from)
	m := api.Message{
		ID:         id('r', len(d.inbox)+1),
		From:       from,
		FromKey:    peer.Key,
		To:         d.status.Name,
		Text:       text,
		SentAt:     Epoch,
		ReceivedAt: api.At(Epoch.Add(18 * time.Millisecond)),
		Path:       peer.Path,

		ClassicMark: peer.ClassicMark,
	}
	d.inbox = append(d.inbox, m)
	d.history = append(d.history, m.ID)
	d.unread[m.ID] = true
	d.Publish(m)
}

// SetOnline makes the peer log in or out.
func (d *Daemon) SetOnline(name string, online bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	peer := d.peer(name)
	peer.Online = online
	d.Publish(api.Presence{Name: name, Key: peer.Key, Online: online, At: Epoch, ClassicMark: peer.ClassicMark})
}

// SetPath changes the path to the peer; a direct one has the given endpoint.
func (d *Daemon) SetPath(name string, path api.Path, endpoint netip.AddrPort) {
	d.mu.Lock()
	defer d.mu.Unlock()
	peer := d.peer(name)
	peer.Path, peer.Transport, peer.Endpoint = path, api.TransportUDP, endpoint
	if path == api.PathNone {
		peer.Transport, peer.RTT = "", 0
	}
	d.Publish(api.PathChange{
		Peer: name, Path: path, Transport: peer.Transport, Endpoint: endpoint, RTT: peer.RTT, At: Epoch,
	})
}

// Advance brings every message to the peer to state.
func (d *Daemon) Advance(to string, state api.State) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.sent {
		if s := &d.sent[i]; s.To == to && !s.State.Reached(state) {
			*s = d.at(*s, state)
			d.Publish(d.receipt(*s))
		}
	}
	close(d.changed)
	d.changed = make(chan struct{})
}

// Marks returns what has been marked read so far.
func (d *Daemon) Marks() []api.ReadMark {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.marks)
}

// Subscribe is Backend.Subscribe, counted.
func (d *Daemon) Subscribe(ctx context.Context, types ...api.EventType) <-chan api.Event {
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.subscriptions++
	}()
	return d.Hub.Subscribe(ctx, types...)
}

// Subscriptions returns how many subscriptions there have been, ended ones
// included.
func (d *Daemon) Subscriptions() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.subscriptions
}

// Texts returns the texts of the messages sent, in order.
func (d *Daemon) Texts() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.texts)
}

// peer panics for a name that is not in the circle: a mistake in the test. The
// caller holds the lock.
func (d *Daemon) peer(name string) *api.Peer {
	i := slices.IndexFunc(d.peers, func(p api.Peer) bool { return p.Name == name })
	if i < 0 {
		panic(fmt.Sprintf("apitest: no peer %q", name))
	}
	return &d.peers[i]
}

// find resolves what a user typed. The caller holds the lock.
func (d *Daemon) find(ref string) (*api.Peer, error) {
	peer, err := api.FindPeer(d.peers, ref)
	if err != nil {
		return nil, err
	}
	return d.peer(peer.Name), d.refuse[peer.Name]
}

// at returns s as it was when it arrived in state. The caller holds the lock.
func (d *Daemon) at(s api.Sent, state api.State) api.Sent {
	s.State = state
	switch s.Path = d.peer(s.To).Path; state {
	case api.StateQueued:
		s.Path, s.Elapsed = api.PathNone, 0
	case api.StateSent:
		s.Elapsed = SentAfter
	case api.StateDelivered:
		s.Elapsed = DeliveredAfter
	case api.StateRead:
		s.Elapsed = ReadAfter
	}
	return s
}

// id returns the text form of a message id: 26 characters.
func id(kind byte, n int) string {
	return string(kind) + strings.Repeat("a", 21) + fmt.Sprintf("%04d", n)
}

func (d *Daemon) Status(context.Context) (api.Status, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.status, nil
}

func (d *Daemon) Peers(context.Context) ([]api.Peer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	peers := slices.Clone(d.peers)
	for i := range peers {
		for _, m := range d.inbox {
			if m.From == peers[i].Name && d.unread[m.ID] {
				peers[i].Unread++
			}
		}
		for _, s := range d.sent {
			if s.To == peers[i].Name && !s.State.Reached(api.StateDelivered) {
				peers[i].Queued++
			}
		}
	}
	return peers, nil
}

func (d *Daemon) Send(_ context.Context, request api.SendRequest) (api.Sent, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	peer, err := d.find(request.To)
	if err != nil {
		return api.Sent{}, err
	}
	if i := d.indexSent(request.ID); i >= 0 {
		return d.sent[i], nil
	}
	s := api.Sent{ID: request.ID, To: peer.Name, ClassicMark: peer.ClassicMark}
	if s.ID == "" {
		s.ID = id('s', len(d.sent)+1)
	}
	accepted := d.at(s, api.StateQueued)
	d.history = append(d.history, s.ID)
	d.texts = append(d.texts, request.Text)
	d.sent = append(d.sent, accepted)
	d.Publish(api.Accepted{Message: d.outgoing(len(d.sent) - 1)})
	if reached := d.at(s, d.reach[peer.Name]); reached.State != api.StateQueued {
		d.sent[len(d.sent)-1] = reached
		d.Publish(d.receipt(reached))
	}
	return accepted, nil
}

func (d *Daemon) indexSent(id string) int {
	return slices.IndexFunc(d.sent, func(s api.Sent) bool { return s.ID == id })
}

func (d *Daemon) WaitMessage(ctx context.Context, id string, wanted api.State) (api.Sent, error) {
	for {
		d.mu.Lock()
		i := d.indexSent(id)
		if i < 0 {
			d.mu.Unlock()
			return api.Sent{}, &api.Error{Code: api.CodeUsage, Message: "no message has the id " + id}
		}
		s, changed := d.sent[i], d.changed
		if s.State.Reached(wanted) {
			s = d.at(s, wanted)
		}
		d.mu.Unlock()
		if s.State.Reached(wanted) || s.Classic {
			return s, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return s, nil
		}
	}
}

func (d *Daemon) Read(_ context.Context, request api.ReadRequest) ([]api.Message, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	from := ""
	if request.From != "" {
		peer, err := d.find(request.From)
		if err != nil {
			return nil, err
		}
		from = peer.Name
	}
	var messages []api.Message
	for _, m := range d.inbox {
		if (from == "" || m.From == from) && (!request.Unread || d.unread[m.ID]) {
			messages = append(messages, m)
		}
	}
	return messages, nil
}

func (d *Daemon) Search(_ context.Context, request api.SearchRequest) ([]api.Message, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var peer api.Peer
	if request.Peer != "" {
		p, err := d.find(request.Peer)
		if err != nil {
			return nil, err
		}
		peer = *p
	}
	var found []api.Message
	for _, m := range d.messages() {
		if (request.Peer == "" || isWith(m, peer.Name)) && containsAll(m.Text, request.Texts) {
			found = append(found, m)
		}
	}
	slices.Reverse(found)
	return found[:min(request.Limit, len(found))], nil
}

func containsAll(text string, parts []string) bool {
	return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text, part) })
}

func (d *Daemon) MarkRead(_ context.Context, mark api.ReadMark) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	last := slices.IndexFunc(d.inbox, func(m api.Message) bool { return m.ID == mark.UpTo })
	if last < 0 {
		return &api.Error{Code: api.CodeUsage, Message: "no message has the id " + mark.UpTo}
	}
	for _, m := range d.inbox[:last+1] {
		if m.From == d.inbox[last].From {
			delete(d.unread, m.ID)
		}
	}
	d.marks = append(d.marks, mark)
	return nil
}

func (d *Daemon) Connect(_ context.Context, ref string) (api.Peer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	peer, err := d.find(ref)
	if err != nil {
		return api.Peer{}, err
	}
	return *peer, nil
}

func (d *Daemon) Ping(_ context.Context, ref string) (api.Ping, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	peer, err := d.find(ref)
	if err != nil {
		return api.Ping{}, err
	}
	if !peer.Online {
		return api.Ping{}, api.NotReached(peer.Name)
	}
	return api.Ping{
		Peer: peer.Name, Path: peer.Path, Transport: peer.Transport, Endpoint: peer.Endpoint, RTT: peer.RTT,
	}, nil
}

func (d *Daemon) Netcheck(context.Context) (api.Netcheck, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	check := d.netcheck
	check.UDP, check.NAT, check.Rendezvous = d.status.UDP, d.status.NAT, d.status.Rendezvous
	return check, nil
}

func (d *Daemon) Why(_ context.Context, ref string) (api.Why, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	peer, err := d.find(ref)
	if err != nil {
		return api.Why{}, err
	}
	why := d.why[peer.Name]
	why.Peer = peer.Name
	why.Path, why.Transport, why.Endpoint, why.RTT = peer.Path, peer.Transport, peer.Endpoint, peer.RTT
	why.OurNAT = d.status.NAT
	return why, nil
}
