package classic

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"peerd/wire"
)

// table is who is online and who is about to be. It knows no sockets and no
// clock; what it returns is for the door to send. Not safe for concurrent use.
type table struct {
	newcomers *newcomers
	users     map[string]*user // online, by key
	// byAddress are the same users; who came last is last.
	byAddress map[netip.Addr][]*user
	// peers of the circle in the list, by key.
	peers map[string]listing
	// isMembers reports whether a key is that of a member's name: then it is no
	// user's, or one could pass for the other.
	isMembers func(key string) bool
}

// An announcement tells that somebody came or went.
type announcement struct {
	message wire.ClassicMessage
	to      []*user           // users
	peers   wire.ClassicUsers // what the circle's peers are told, if anything
}

func newTable(isMembers func(key string) bool) *table {
	return &table{
		newcomers: newNewcomers(), users: map[string]*user{}, byAddress: map[netip.Addr][]*user{},
		peers: map[string]listing{}, isMembers: isMembers,
	}
}

// login makes u a newcomer, and reports whether it may be one. Nobody else
// notices anything yet, because u's address may be forged.
func (t *table) login(u *user) bool {
	if !t.hasRoomFor(u) {
		return false
	}
	t.newcomers.add(u)
	return true
}

// hasRoomFor reports whether u may be online: under the name that its address
// has already, or under one that nobody has, if there is a place.
func (t *table) hasRoomFor(u *user) bool {
	if t.isMembers(u.key()) {
		return false
	}
	if holder := t.users[u.key()]; holder != nil {
		return holder.address == u.address
	}
	return !t.isFull() && len(t.byAddress[u.address]) < maxUsersPerAddress
}

// isFull reports whether the list has no room for one more.
func (t *table) isFull() bool { return len(t.users)+len(t.peers) >= maxUsers }

// fetch takes a TCP connection from address for the fetch of the newcomer whose
// turn it is there, who is online from now on. It returns who gets the list (nil:
// nobody waits there) and what the others are told. Without a newcomer, the
// user who came last from there gets the list again, and nobody is told.
func (t *table) fetch(address netip.Addr, now time.Time) (*user, announcement) {
	u := t.newcomers.take(address, now)
	if u == nil {
		if online := t.byAddress[address]; len(online) > 0 {
			return online[len(online)-1], announcement{}
		}
		return nil, announcement{}
	}
	if !t.hasRoomFor(u) { // not any more
		return nil, announcement{}
	}
	u.heard = now
	t.remove(u.key())
	told := t.came(u)
	t.users[u.key()] = u
	t.byAddress[address] = append(t.byAddress[address], u)
	return u, told
}

// logout removes the user who logged in from address with the same claimed
// endpoint, and returns it and what the others are told; nil if there is none.
func (t *table) logout(from *user) (*user, announcement) {
	t.newcomers.remove(from.address, from.key())
	u := t.users[from.key()]
	if u == nil || u.address != from.address || u.claimed != from.claimed {
		return nil, announcement{}
	}
	t.remove(u.key())
	return u, t.went(u)
}

// expire removes the silent, and returns them and what the others are told.
func (t *table) expire(now time.Time) (silent []*user, told []announcement) {
	for _, u := range t.users {
		if now.Sub(u.heard) > silenceLimit {
			silent = append(silent, u)
		}
	}
	for _, u := range silent {
		t.remove(u.key())
	}
	for _, u := range silent {
		told = append(told, t.went(u))
	}
	return silent, told
}

// came and went announce u to everybody else.
func (t *table) came(u *user) announcement {
	return announcement{wire.ClassicLogin(u.row()), t.all(), wire.ClassicUsers{Online: []wire.ClassicRow{u.peersRow()}}}
}

func (t *table) went(u *user) announcement {
	return announcement{wire.ClassicLogout(u.row()), t.all(), wire.ClassicUsers{Gone: []string{u.name}}}
}

// all returns all users online.
func (t *table) all() []*user { return slices.Collect(maps.Values(t.users)) }

// list returns everybody online as a list shows them, by name.
func (t *table) list() []wire.ClassicUser {
	rows := make([]wire.ClassicUser, 0, len(t.users)+len(t.peers))
	for _, u := range t.users {
		rows = append(rows, u.row())
	}
	for _, listing := range t.peers {
		rows = append(rows, listing.row)
	}
	slices.SortFunc(rows, func(a, b wire.ClassicUser) int { return strings.Compare(a.Name, b.Name) })
	return rows
}

// remove removes the user with a key, if there is one.
func (t *table) remove(key string) {
	u := t.users[key]
	if u == nil {
		return
	}
	delete(t.users, key)
	rest := slices.DeleteFunc(t.byAddress[u.address], func(other *user) bool { return other == u })
	if t.byAddress[u.address] = rest; len(rest) == 0 {
		delete(t.byAddress, u.address)
	}
}
