package peer

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"peerd/internal/addressscope"
	"peerd/internal/name"
	"peerd/peer/api"
	"peerd/wire"
)

const (
	// maxClassicUsers is how many users we keep in mind: as many as a door has.
	// More can only come from a rendezvous that wants our memory.
	maxClassicUsers = wire.MaxClassicUsers
	// maxClassicNames is with how many names in mind those of users that leave are
	// kept in mind too. Of further ones it is forgotten that they were there.
	maxClassicNames = 4 * maxClassicUsers
	// classicPatience is how long users stay when nobody tells us of them any more:
	// as long as they stay at a door where they are silent. Longer, and we would
	// send to addresses that are somebody else's by now.
	classicPatience = 10 * time.Minute
	// newsworthy is how many users at once subscribers are told of. More are the
	// list of a door that we have just come to; subscribers would be cut off.
	newsworthy = 16
)

// applyClassicUsers takes what the rendezvous says about its door.
func (d *Daemon) applyClassicUsers(m wire.ClassicUsers) {
	if !d.classic.wanted {
		return // nobody asked
	}
	now := time.Now()
	gone := d.classic.apply(m, now)
	d.log.Debug().Bool("whole", m.Whole).Int("online", len(m.Online)).Int("gone", len(gone)).Msg("classic users")
	for _, left := range gone {
		d.announceClassic(left, false, now)
	}
	for _, row := range m.Online {
		normal, err := name.Normalize(row.Name)
		if err == nil && len(m.Online) <= newsworthy {
			d.announceClassic(normal, true, now)
		}
	}
	signal(d.classic.changed)
}

// apply changes who is online and returns the names of who is no more. What the names
// of peers may not be, those of users are not either: such a row is passed over.
func (c *classic) apply(m wire.ClassicUsers, now time.Time) (gone []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.Whole {
		clear(c.users)
	}
	for _, left := range m.Gone {
		normal, err := name.Normalize(left)
		if key := classicKey(normal); err == nil && c.users[key] != nil {
			gone = append(gone, c.users[key].Name)
			c.remember(key)
			delete(c.users, key)
		}
	}
	for _, row := range m.Online {
		normal, err := name.Normalize(row.Name)
		if err != nil {
			continue
		}
		row.Name = normal
		c.put(row, now)
	}
	return gone
}

// remember keeps the name of a user that leaves, so that it is told from one that never
// was. What a rendezvous gone bad makes up without end is not kept without end. The
// caller holds mu.
func (c *classic) remember(key wire.Key) {
	if _, known := c.names[key]; known || len(c.names) < maxClassicNames {
		c.names[key] = c.users[key].Name
	}
}

// put notes a user that came, or logged in again. The caller holds mu.
func (c *classic) put(row wire.ClassicRow, now time.Time) {
	key := classicKey(row.Name)
	user := c.users[key]
	if user == nil {
		if len(c.users) == maxClassicUsers {
			return
		}
		user = &classicUser{since: now, openedAt: make(map[netip.AddrPort]time.Time)}
		c.users[key] = user
	}
	user.ClassicRow = row
	maps.DeleteFunc(user.openedAt, func(endpoint netip.AddrPort, _ time.Time) bool { return !slices.Contains(user.endpoints(), endpoint) })
}

// endpoints are where a user is reached and where it sends from.
func (u *classicUser) endpoints() []netip.AddrPort {
	if u.Source.IsValid() && u.Source != u.Endpoint {
		return []netip.AddrPort{u.Endpoint, u.Source}
	}
	return []netip.AddrPort{u.Endpoint}
}

// begin forgets the users of an earlier connection to the rendezvous: on this one
// we are told anew, or the rendezvous has no door any more.
func (c *classic) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.users)
	c.offlineSince = time.Time{}
}

// offline notes that nobody tells us of users for now.
func (c *classic) offline(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.offlineSince.IsZero() {
		c.offlineSince = now
	}
}

// forgetStale drops the users once nobody has told us of them for long.
func (c *classic) forgetStale(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.offlineSince.IsZero() && now.Sub(c.offlineSince) > classicPatience {
		clear(c.users)
	}
}

// announceClassic tells subscribers that a user came or went.
func (d *Daemon) announceClassic(name string, online bool, at time.Time) {
	ref := api.ClassicSign + name
	d.events.Publish(api.Presence{Name: ref, Key: ref, Online: online, At: api.At(at), ClassicMark: api.MarkClassic()})
}

// mayReach reports whether we may send to an endpoint that the rendezvous names as
// a user's. It must be as far away as the rendezvous sees ourselves: what is
// inside our network, or this host, is none of its business unless it is there too.
func mayReach(endpoint, observed netip.AddrPort) bool {
	scope := addressscope.Of(endpoint.Addr())
	return scope != addressscope.None && scope == addressscope.Of(observed.Addr())
}
