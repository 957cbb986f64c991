package classic

import (
	"net/netip"
	"slices"

	"peerd/internal/name"
	"peerd/wire"
)

// A Peer is a peer of the circle that takes part: it is in the list while it is
// observed somewhere, and hears of users over its control connection. Enter makes
// one.
type Peer struct {
	name string             // in the circle
	tell func(frame []byte) // sends a frame to the peer
}

func (p *Peer) key() string { return name.Fold(p.name) }

// Enter lets a peer take part under its name in the circle, until Leave. tell is
// given frames for its control connection, now and at every change; it must not
// block, nor call the door. Users hear of the peer once it is Observed.
func (d *Door) Enter(name string, tell func(frame []byte)) *Peer {
	p := &Peer{name: name, tell: tell}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range d.table.everybody() {
		d.tellPeers(m, p)
	}
	d.audience[p] = struct{}{}
	return p
}

// Observed says at which endpoint p is reached, as was proven, and tells users
// when that has changed. Only IPv4 endpoints can be told; with any other, and the
// zero one, p is in the list no more.
func (d *Door) Observed(p *Peer, endpoint netip.AddrPort) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.observed(p, endpoint)
}

func (d *Door) observed(p *Peer, endpoint netip.AddrPort) {
	if told := d.table.observed(p, endpoint); told.message != nil {
		d.tell(told)
	}
}

// Leave ends what Enter began.
func (d *Door) Leave(p *Peer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.observed(p, netip.AddrPort{})
	delete(d.audience, p)
}

// Taken logs out the user whom people would take for a member of the circle that
// has just got this name.
func (d *Door) Taken(member string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if u, told := d.table.expel(name.Fold(member)); u != nil {
		d.log.Info().Str("name", u.name).Str("why", "a member of the circle has the name").Msg("classic logout")
		d.tell(told)
	}
}

// tellPeers sends m to peers, encoded once. The caller holds mu.
func (d *Door) tellPeers(m wire.ClassicUsers, peers ...*Peer) {
	frame, err := wire.AppendFrame(nil, m)
	if err != nil { // not for users that a table holds
		d.log.Error().Err(err).Msg("tell peers of classic users")
		return
	}
	for _, p := range peers {
		p.tell(frame)
	}
}

// A listing is how a peer is in the list.
type listing struct {
	peer *Peer
	row  wire.ClassicUser
}

// observed puts p into the list at an endpoint, in the place of an earlier
// connection of the same member, or takes it out, and returns what users are told.
// While the list is full, no further peer gets in.
func (t *table) observed(p *Peer, endpoint netip.AddrPort) announcement {
	before, listed := t.peers[p.key()]
	if !endpoint.Addr().Is4() {
		if before.peer != p {
			return announcement{}
		}
		delete(t.peers, p.key())
		return announcement{message: wire.ClassicLogout(before.row), to: t.all()}
	}
	if !listed && t.isFull() {
		return announcement{}
	}
	now := listing{p, wire.ClassicUser{Name: p.name, Endpoint: endpoint}}
	t.peers[p.key()] = now
	if now.row == before.row {
		return announcement{}
	}
	return announcement{message: wire.ClassicLogin(now.row), to: t.all()}
}

// expel removes the user with a key, and returns it and what the others are told;
// nil if there is none.
func (t *table) expel(key string) (*user, announcement) {
	u := t.users[key]
	if u == nil {
		return nil, announcement{}
	}
	t.remove(key)
	return u, t.went(u)
}

// everybody returns who is online as a peer is told that enters.
func (t *table) everybody() []wire.ClassicUsers {
	rows := make([]wire.ClassicRow, 0, len(t.users))
	for _, u := range t.users {
		rows = append(rows, u.peersRow())
	}
	told := []wire.ClassicUsers{{Whole: true}}
	for chunk := range slices.Chunk(rows, wire.MaxRows) {
		told = append(told, wire.ClassicUsers{Online: chunk})
	}
	return told
}
