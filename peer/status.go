package peer

import (
	"cmp"
	"context"
	"maps"
	"net/netip"
	"slices"
	"time"

	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// Status describes this peer from what is known.
func (d *Daemon) Status(ctx context.Context) (api.Status, error) {
	damage, err := d.damageRow(ctx)
	if err != nil { // the rest is worth knowing all the same
		d.log.Error().Err(err).Msg("look up the last damage")
	}
	nat, udp := d.natRow()
	rendezvous := d.rendezvousRow(udp)
	d.mu.Lock()
	defer d.mu.Unlock()
	return api.Status{
		Name:       d.membership.Name,
		Key:        d.Key().String(),
		Circle:     d.membership.Circle,
		Rendezvous: rendezvous,
		NAT:        nat,
		UDP:        udp,
		Classic:    d.classicStatus(),
		Introduce:  d.introduce,
		Damage:     damage,
	}, nil
}

func (d *Daemon) rendezvousRow(udp bool) api.Rendezvous {
	d.mu.Lock()
	defer d.mu.Unlock()
	row := api.Rendezvous{Addr: d.membership.Address, State: api.RendezvousOffline, Transport: api.TransportTLS}
	if udp {
		row.Transport = api.TransportUDP
	}
	online, _, failure := d.online.state()
	if !online && failure != nil {
		row.Why = failure.Error()
	}
	switch {
	case d.control != nil && online:
		row.State, row.RTT = api.RendezvousOnline, api.Milliseconds(d.observation.rtt)
	case d.control != nil || d.dialling != nil:
		row.State = api.RendezvousConnecting
	}
	return row
}

// natRow describes our router as observed, and whether UDP gets through.
func (d *Daemon) natRow() (row api.NAT, udp bool) {
	local := d.socket.LocalEndpoints()
	d.mu.Lock()
	defer d.mu.Unlock()
	row = natWords(d.observation.report)
	row.Local = local
	row.Mapped = d.mappings.endpoints()
	udp = d.observation.fresh(time.Now())
	if udp {
		row.Observed = d.observation.accept.Observed
	}
	return row, udp
}

func natWords(report wire.NATReport) api.NAT {
	return api.NAT{
		Mapping:    report.Mapping.String(),
		Filtering:  report.Filtering.String(),
		Allocation: report.Allocation.String(),
		FirstPort:  report.FirstPort,
		LastPort:   report.LastPort,
		Lifetime:   int(report.Lifetime / time.Second),
		Local:      []netip.AddrPort{},
	}
}

// Peers lists every other member of the circle and every contact, by name, then
// users of the classic protocol.
func (d *Daemon) Peers(ctx context.Context) ([]api.Peer, error) {
	unread, err := d.store.Unread(ctx)
	if err != nil {
		return nil, err
	}
	queued, err := d.store.Queued(ctx)
	if err != nil {
		return nil, err
	}
	var rows []api.Peer
	for _, key := range d.knownPeers(unread, queued) {
		row := d.peerRow(key)
		row.Unread, row.Queued = unread[key], queued[key]
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b api.Peer) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Key, b.Key)) })
	return append(rows, d.classicRows(unread)...), nil
}

// knownPeers returns the members of the circle, the contacts, and whoever
// messages of ours wait for or came from.
func (d *Daemon) knownPeers(unread, queued map[wire.Key]int) []wire.Key {
	d.mu.Lock()
	defer d.mu.Unlock()
	known := make(map[wire.Key]bool)
	for row := range d.roster.Rows() {
		known[row.Key] = true
	}
	for key := range d.contacts.byKey {
		known[key] = true
	}
	for _, waiting := range []map[wire.Key]int{unread, queued} {
		for key := range waiting {
			known[key] = true
		}
	}
	delete(known, d.Key())
	maps.DeleteFunc(known, func(key wire.Key, _ bool) bool { return store.IsClassic(key) })
	keys := make([]wire.Key, 0, len(known))
	for key := range known {
		keys = append(keys, key)
	}
	return keys
}

// peerRow describes a peer but for its unread and queued messages.
func (d *Daemon) peerRow(peer wire.Key) api.Peer {
	way := d.wayTo(peer)
	d.mu.Lock()
	defer d.mu.Unlock()
	row, _ := d.roster.Row(peer)
	contact, pinned := d.contacts.byKey[peer]
	// Whoever we have a session with is there, whatever the rendezvous knows.
	online := way.path != api.PathNone || row.Online && d.control != nil
	return api.Peer{
		Name:      d.nameOfLocked(peer),
		Key:       peer.String(),
		Online:    online,
		Path:      way.path,
		Transport: way.transport,
		Endpoint:  way.endpoint,
		RTT:       api.Milliseconds(way.rtt),
		LastSeen:  api.At(d.lastSeenLocked(peer, online)),
		Pinned:    pinned,
		Verified:  !contact.VerifiedAt.IsZero(),
		Blocked:   !contact.BlockedAt.IsZero(),
	}
}

// way is the path to a peer in the words of the API.
type way struct {
	path      api.Path
	transport api.Transport
	endpoint  netip.AddrPort
	rtt       time.Duration
}

// wayTo returns the way data to the peer takes now.
func (d *Daemon) wayTo(peer wire.Key) way {
	c := d.existingConversation(peer)
	if c == nil {
		return way{path: api.PathNone}
	}
	s := c.currentSession()
	if s == nil {
		return way{path: api.PathNone}
	}
	if path := s.punch.Path(); path.IsDirect() {
		direct := way{path: api.PathDirect, transport: api.TransportUDP, endpoint: path.Direct, rtt: path.RTT}
		if path.TCP {
			direct.transport = api.TransportTCP
		}
		return direct
	}
	if !s.connected() || !c.reachable() {
		return way{path: api.PathNone}
	}
	relayed := way{path: api.PathRelay, transport: api.TransportTLS, rtt: s.roundTrip()}
	if _, udp := d.natRow(); udp {
		relayed.transport = api.TransportUDP
	}
	return relayed
}

func (d *Daemon) existingConversation(peer wire.Key) *conversation {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.conversations[peer]
}

// publishPath tells subscribers which way data to the peer takes now, if that
// is another one than they were told last. A mere doubt about a path, or a new
// round trip, is no news.
func (d *Daemon) publishPath(peer wire.Key) {
	way := d.wayTo(peer)
	if !d.conversation(peer).isNews(way) {
		return
	}
	d.events.Publish(api.PathChange{
		Peer:      d.nameOf(peer),
		Path:      way.path,
		Transport: way.transport,
		Endpoint:  way.endpoint,
		RTT:       api.Milliseconds(way.rtt),
		At:        api.At(time.Now()),
	})
}

// isNews notes the way that is about to be announced, and reports whether it
// differs from the one before.
func (c *conversation) isNews(way way) bool {
	way.rtt = 0
	c.mu.Lock()
	defer c.mu.Unlock()
	news := way != c.announced
	if news {
		c.announced, c.announcedAt = way, time.Now()
	}
	return news
}

// Subscribe returns events from now on.
func (d *Daemon) Subscribe(ctx context.Context, types ...api.EventType) <-chan api.Event {
	return d.events.Subscribe(ctx, types...)
}
