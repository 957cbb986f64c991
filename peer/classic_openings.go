package peer

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"peerd/wire"
)

const (
	// openEvery is how often our router is opened again for a user: before it
	// forgets a mapping that nothing came back on, after 30 s on Linux.
	openEvery = 20 * time.Second
	// openSpacing is the pause between two datagrams that open: a door with many
	// users then makes no burst.
	openSpacing = 20 * time.Millisecond
	// maxOpened is how many endpoints our router is kept open for, of those we
	// talked with last, then of those who came last. Each takes an entry of its
	// table, of which small ones have a thousand; more would leave fewer for others.
	maxOpened = 128
)

// keepOpen keeps our router open for users until the daemon closes.
func (d *Daemon) keepOpen() {
	timer := time.NewTimer(openEvery)
	defer timer.Stop()
	for {
		select {
		case <-d.classic.changed:
		case <-timer.C:
		case <-d.ctx.Done():
			return
		}
		timer.Reset(d.openNext(time.Now()))
	}
}

// openNext opens our router for the endpoint that is most overdue, if one is, and
// returns when to look again. Without a TTL that is known to end on the way, and
// where the router lets everybody in, nothing is sent.
func (d *Daemon) openNext(now time.Time) time.Duration {
	d.classic.forgetStale(now)
	ttl, _ := d.ownNAT()
	if ttl == 0 || d.ownReport().Filtering == wire.FilteringEIF {
		return openEvery
	}
	endpoint, wait := d.classic.nextOpening(d.observedEndpoint(), now)
	if wait > 0 {
		return wait
	}
	d.socket.OpenClassic(endpoint, ttl)
	return openSpacing
}

// nextOpening returns the endpoint that our router is to be opened for now, or
// how long until there is one. The endpoint counts as opened from now on.
func (c *classic) nextOpening(observed netip.AddrPort, now time.Time) (endpoint netip.AddrPort, wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var next *classicUser
	wait = openEvery
	opened := 0
	for _, user := range c.byImportance() {
		for _, candidate := range user.endpoints() {
			if opened == maxOpened || !mayReach(candidate, observed) {
				continue
			}
			opened++
			if due := user.openedAt[candidate].Add(openEvery).Sub(now); next == nil || due < wait {
				next, endpoint, wait = user, candidate, due
			}
		}
	}
	if next == nil || wait > 0 {
		return netip.AddrPort{}, min(wait, openEvery)
	}
	next.openedAt[endpoint] = now
	return endpoint, 0
}

// reopen has our router opened anew for everybody: it is another one, or has
// forgotten us.
func (c *classic) reopen() {
	c.mu.Lock()
	for _, user := range c.users {
		clear(user.openedAt)
	}
	c.mu.Unlock()
	signal(c.changed)
}

// byImportance returns the users, those first that our router is opened for when
// it cannot be for all. The caller holds mu.
func (c *classic) byImportance() []*classicUser {
	users := make([]*classicUser, 0, len(c.users))
	for _, user := range c.users {
		users = append(users, user)
	}
	slices.SortFunc(users, func(a, b *classicUser) int {
		return cmp.Or(b.talkedAt.Compare(a.talkedAt), b.since.Compare(a.since), cmp.Compare(a.Name, b.Name))
	})
	return users
}
