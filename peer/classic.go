package peer

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"peerd/internal/name"
	"peerd/internal/ration"
	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// The classic protocol is the one that ours descends from: users log in at the
// rendezvous' door and send each other datagrams of plain text. A daemon with
// Config.Classic takes part; any other never hears of them.
//
//	rendezvous ── ClassicUsers ──▶ door.go: who is there ──▶ openings.go
//	    (login.go)                     │                       │ TTL ends on the way
//	                                   ▼                       ▼
//	socket ──── "talk,…" ───▶ talks.go: store, show       user's endpoint
//	        ◀─── "talk,…" ─── talks.go: Send
//
// (all of them classic_*.go). A user has no key: what stands for one in the
// store is made from the name. Nothing proves who says what, and it is shown so.

// classic is what a daemon knows of the users of the classic protocol. Its mu is
// taken after Daemon.mu, and nothing is called with it held.
type classic struct {
	// wanted says that we take part. Nothing below but names is in use otherwise.
	wanted   bool
	talks    chan heardTalk
	sources  *ration.Ration
	changed  chan struct{} // holds a token when there are users to open for
	received atomic.Uint64
	dropped  atomic.Uint64

	mu sync.Mutex
	// names are those of the users that there are messages with, online or not, and of
	// some that have left.
	names map[wire.Key]string
	// users are those online.
	users map[wire.Key]*classicUser
	// offlineSince is when we lost the connection that tells of users; zero while
	// we have one.
	offlineSince time.Time
}

// A classicUser is somebody online at the door.
type classicUser struct {
	wire.ClassicRow
	since time.Time
	// talkedAt is when we last heard of it or spoke to it; zero if never.
	talkedAt time.Time
	// openedAt is when our router was last opened for each of its endpoints.
	openedAt map[netip.AddrPort]time.Time
}

func (d *Daemon) newClassic() (*classic, error) {
	users, err := d.store.ClassicUsers(d.ctx)
	c := &classic{wanted: d.config.Classic, names: make(map[wire.Key]string), users: make(map[wire.Key]*classicUser)}
	for _, user := range users {
		c.names[user.Key] = user.Name
	}
	if c.wanted {
		c.talks, c.changed = make(chan heardTalk, talkQueue), make(chan struct{}, 1)
		c.sources = ration.New(talkRate, talkBurst)
	}
	return c, err
}

// classicCallback is what the socket does with talks; nil: nothing.
func (d *Daemon) classicCallback() func(datagram []byte, from netip.AddrPort) {
	if !d.config.Classic {
		return nil
	}
	return d.hearTalk
}

// classicKey returns what stands for the key of a user.
func classicKey(normal string) wire.Key { return store.ClassicKey(name.Fold(normal)) }

// classicUserOf returns the user that ref, classic/NAME, means, if it is online or
// there are messages with it.
func (d *Daemon) classicUserOf(ref string) (store.ClassicUser, error) {
	normal, err := name.Normalize(strings.TrimPrefix(ref, api.ClassicSign))
	if err != nil {
		return store.ClassicUser{}, api.NoSuchPeer(ref)
	}
	user := store.ClassicUser{Key: classicKey(normal)}
	var known bool
	if user.Name, known = d.classic.nameOf(user.Key); !known {
		return user, api.NoSuchPeer(ref)
	}
	return user, nil
}

// nameOf returns the name of a user that is online, or that there are messages
// with.
func (c *classic) nameOf(key wire.Key) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if user, online := c.users[key]; online {
		return user.Name, true
	}
	name, known := c.names[key]
	return name, known
}

// classicRef is what a user is called in rows and commands.
func (d *Daemon) classicRef(key wire.Key) string {
	name, known := d.classic.nameOf(key)
	if !known {
		name = "?" // nobody can have it
	}
	return api.ClassicSign + name
}

// learnClassicNames notes what the users of imported messages are called. A name
// that a key was not made from is not its.
func (d *Daemon) learnClassicNames(ctx context.Context, rows []api.Exported) error {
	names := make(map[wire.Key]string)
	for _, row := range rows {
		normal, err := name.Normalize(strings.TrimPrefix(row.Name, api.ClassicSign))
		if err != nil || !api.IsClassic(row.Name) || classicKey(normal).String() != row.Peer {
			continue
		}
		names[classicKey(normal)] = normal
	}
	var users []store.ClassicUser
	for key, name := range names {
		users = append(users, store.ClassicUser{Key: key, Name: name})
	}
	if len(users) == 0 {
		return nil
	}
	if err := d.store.NameClassicUsers(ctx, users...); err != nil {
		return err
	}
	d.classic.mu.Lock()
	defer d.classic.mu.Unlock()
	maps.Copy(d.classic.names, names)
	return nil
}

// keyOf is a peer's key as rows show it. A classic user has none, and must not
// seem to have one.
func (d *Daemon) keyOf(peer wire.Key) string {
	if store.IsClassic(peer) {
		return d.classicRef(peer)
	}
	return peer.String()
}

// markOf is the mark of rows about a peer.
func markOf(peer wire.Key) api.ClassicMark {
	if store.IsClassic(peer) {
		return api.MarkClassic()
	}
	return api.ClassicMark{}
}

// classicRows lists the users that are online or have sent what is unread, by
// name.
func (d *Daemon) classicRows(unread map[wire.Key]int) []api.Peer {
	keys := make(map[wire.Key]bool)
	for key := range unread {
		keys[key] = store.IsClassic(key)
	}
	online := make(map[wire.Key]netip.AddrPort)
	if d.currentControl() != nil {
		online = d.classic.online()
	}
	for key := range online {
		keys[key] = true
	}
	var rows []api.Peer
	for key, classic := range keys {
		if !classic {
			continue
		}
		ref := d.classicRef(key)
		row := api.Peer{Name: ref, Key: ref, Path: api.PathNone, Unread: unread[key], ClassicMark: api.MarkClassic()}
		if endpoint, there := online[key]; there {
			row.Online, row.Endpoint, row.Path, row.Transport = true, endpoint, api.PathDirect, api.TransportUDP
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b api.Peer) int { return strings.Compare(a.Name, b.Name) })
	return rows
}

// online returns where the users are reached that are online.
func (c *classic) online() map[wire.Key]netip.AddrPort {
	c.mu.Lock()
	defer c.mu.Unlock()
	endpoints := make(map[wire.Key]netip.AddrPort, len(c.users))
	for key, user := range c.users {
		endpoints[key] = user.Endpoint
	}
	return endpoints
}

// classicStatus is nil unless we take part.
func (d *Daemon) classicStatus() *api.ClassicStatus {
	if !d.classic.wanted {
		return nil
	}
	d.classic.mu.Lock()
	defer d.classic.mu.Unlock()
	return &api.ClassicStatus{
		Users:    len(d.classic.users),
		Received: d.classic.received.Load(),
		Dropped:  d.classic.dropped.Load(),
	}
}
