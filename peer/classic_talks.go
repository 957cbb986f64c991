package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"peerd/internal/name"
	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// What users of the classic protocol can make us do. They have proven to nobody
// but the door that they are at their address.
const (
	// maxTalkHeard is the largest datagram that is looked at: four thousand
	// characters in UTF-16. Larger ones fill disks faster.
	maxTalkHeard = 8 << 10
	// maxTalkSent is the largest that we send: what an Ethernet carries in one
	// piece, since home routers lose pieces.
	maxTalkSent = 1472
	// talkRate and talkBurst bound what is taken from one address: people type
	// slower. Each one costs the disk a write.
	talkRate  = 2 // per second
	talkBurst = 30
	// talkQueue is how many may wait for the disk; more are lost, as they may be.
	talkQueue = 64
	// maxUnreadTalks bounds what strangers can pile up on our disk before the user
	// has seen any of it: 8 MiB.
	maxUnreadTalks = 1000
)

// Why a talk is dropped.
var (
	errNotATalk      = errors.New("not a talk")
	errStranger      = errors.New("no user of that name is at that address")
	errTooMuchUnread = errors.New("too many talks are unread")
)

// heardTalk is a talk that came in.
type heardTalk struct {
	datagram []byte
	from     netip.AddrPort
	at       time.Time
}

// hearTalk takes a talk from the socket, which must not be held up. Those from
// addresses where no user is, and more than an address may send, are dropped.
func (d *Daemon) hearTalk(datagram []byte, from netip.AddrPort) {
	now := time.Now()
	address := from.Addr()
	if len(datagram) > maxTalkHeard || !d.classic.isAt(address) ||
		!d.classic.sources.Take(netip.PrefixFrom(address, address.BitLen()), now) {
		d.classic.dropped.Add(1)
		return
	}
	select {
	case d.classic.talks <- heardTalk{bytes.Clone(datagram), from, now}:
	default:
		d.classic.dropped.Add(1)
	}
}

// isAt reports whether a user is at an address.
func (c *classic) isAt(address netip.Addr) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, user := range c.users {
		if user.isAt(address) {
			return true
		}
	}
	return false
}

func (u *classicUser) isAt(address netip.Addr) bool {
	return u.Endpoint.Addr() == address || u.Source.Addr() == address
}

// takeTalks stores talks, one after the other, until the daemon closes.
func (d *Daemon) takeTalks() {
	for {
		select {
		case heard := <-d.classic.talks:
			if err := d.takeTalk(heard); err != nil {
				d.classic.dropped.Add(1)
				d.log.Debug().Err(err).Stringer("from", heard.from).Msg("classic talk dropped")
			}
		case <-d.ctx.Done():
			return
		}
	}
}

// takeTalk stores a talk of a user who is at the address that it came from, and
// shows it.
func (d *Daemon) takeTalk(heard heardTalk) error {
	message, _, err := wire.ParseClassic(heard.datagram)
	if err != nil {
		return err
	}
	talk, ok := message.(wire.ClassicTalk)
	if !ok {
		return errNotATalk
	}
	normal, err := name.Normalize(talk.Name)
	if err != nil {
		return err
	}
	user, online := d.classic.spokeWith(classicKey(normal), heard.from.Addr(), heard.at)
	if !online {
		return errStranger
	}
	if unread, err := d.store.UnreadTalks(d.ctx); err != nil {
		return err
	} else if unread >= maxUnreadTalks {
		return errTooMuchUnread
	}
	id, err := requestedID("")
	if err != nil {
		return err
	}
	m, err := d.store.ReceiveTalk(d.ctx, user, store.Talk{ID: id, Body: talk.Text, At: heard.at, Path: string(api.PathDirect)})
	if err != nil {
		return err
	}
	d.classic.received.Add(1)
	d.classic.keep(user)
	d.tookMessage(m)
	return nil
}

// spokeWith returns the user that a key stands for if it is online, and, unless
// the address is zero, there. It notes when that was.
func (c *classic) spokeWith(key wire.Key, address netip.Addr, now time.Time) (store.ClassicUser, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	user := c.users[key]
	if user == nil || address.IsValid() && !user.isAt(address) {
		return store.ClassicUser{}, false
	}
	user.talkedAt = now
	return store.ClassicUser{Key: key, Name: user.Name}, true
}

// keep notes what a user is called that there is a message with.
func (c *classic) keep(user store.ClassicUser) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.names[user.Key] = user.Name
}

// sendTalk sends a message to a user of the classic protocol. It is on our disk
// when it goes out, once, and that is all that will ever be known of it.
func (d *Daemon) sendTalk(ctx context.Context, request api.SendRequest) (api.Sent, error) {
	if !d.classic.wanted {
		return api.Sent{}, api.ClassicOff(request.To)
	}
	user, row, err := d.reachClassic(request.To)
	if err != nil {
		return api.Sent{}, err
	}
	id, err := requestedID(request.ID)
	if err != nil {
		return api.Sent{}, err
	}
	now := time.Now()
	datagram, err := d.encodeTalk(row.Encoding, request.Text, now)
	if err != nil {
		return api.Sent{}, err
	}
	m, fresh, err := d.store.AcceptTalk(ctx, user, store.Talk{ID: id, Body: request.Text, At: now, Path: string(api.PathDirect)})
	if err != nil {
		return api.Sent{}, fmt.Errorf("accept message: %w", err)
	}
	d.classic.keep(user)
	if !fresh {
		return d.sentRow(m), nil
	}
	d.classic.spokeWith(user.Key, netip.Addr{}, now)
	if err := d.socket.SendClassic(datagram, row.Endpoint); err != nil {
		return api.Sent{}, err
	}
	d.accepted(now, m)
	return d.sentRow(m), nil
}

// reachClassic returns the user that ref means, and how it is reached now.
func (d *Daemon) reachClassic(ref string) (store.ClassicUser, wire.ClassicRow, error) {
	user, err := d.classicUserOf(ref)
	if err != nil {
		return user, wire.ClassicRow{}, err
	}
	row, online := d.classic.row(user.Key)
	switch {
	case !online || d.currentControl() == nil:
		err = api.ClassicAway(ref)
	case !mayReach(row.Endpoint, d.observedEndpoint()):
		err = api.ClassicUnreachable(ref, row.Endpoint)
	}
	return user, row, err
}

// row returns how a user is reached.
func (c *classic) row(key wire.Key) (wire.ClassicRow, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	user := c.users[key]
	if user == nil {
		return wire.ClassicRow{}, false
	}
	return user.ClassicRow, true
}

// encodeTalk writes a talk of ours as the user's program reads it.
func (d *Daemon) encodeTalk(encoding wire.ClassicEncoding, text string, now time.Time) ([]byte, error) {
	talk := wire.ClassicTalk{Time: now.Format("2 January 2006 15:04:05"), Name: d.ownName(), Text: text}
	datagram, err := wire.AppendClassic(nil, talk, encoding)
	if err != nil {
		return nil, &api.Error{Code: api.CodeUsage, Message: fmt.Sprintf("the classic protocol cannot say this: %v", err)}
	}
	if len(datagram) > maxTalkSent {
		return nil, api.ClassicTooLong(len(datagram), maxTalkSent)
	}
	return datagram, nil
}
