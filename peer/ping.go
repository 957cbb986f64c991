package peer

import (
	"context"
	"errors"
	"time"

	"peerd/peer/api"
	"peerd/wire"
)

// Connect makes sure that there is a session with the peer, or that one is on
// its way.
func (d *Daemon) Connect(ctx context.Context, ref string) (api.Peer, error) {
	peer, err := d.addressee(ref)
	if err != nil {
		return api.Peer{}, err
	}
	d.conversation(peer).want(false)
	return d.peerRow(peer), nil
}

// Ping measures one round trip to the peer's daemon over the path in use.
func (d *Daemon) Ping(ctx context.Context, ref string) (api.Ping, error) {
	peer, err := d.addressee(ref)
	if err != nil {
		return api.Ping{}, err
	}
	name := d.nameOf(peer)
	s, err := d.connectedSession(ctx, peer)
	if err != nil {
		return api.Ping{}, api.NotReached(name)
	}
	way := d.wayTo(peer)
	rtt, err := s.ping(ctx)
	if err != nil {
		return api.Ping{}, api.NotReached(name)
	}
	return api.Ping{
		Peer:      name,
		Path:      way.path,
		Transport: way.transport,
		Endpoint:  way.endpoint,
		RTT:       api.Milliseconds(rtt),
	}, nil
}

// errUnreachable is returned when no session can come up.
var errUnreachable = errors.New("peer or rendezvous is offline")

// connectedSession returns the session with the peer once it is connected.
func (d *Daemon) connectedSession(ctx context.Context, peer wire.Key) (*session, error) {
	c := d.conversation(peer)
	offline := time.NewTicker(time.Second)
	defer offline.Stop()
	for {
		connected := c.nextConnection()
		if s := c.currentSession(); s != nil && s.connected() {
			return s, nil
		}
		c.want(false)
		select {
		case <-connected:
		case <-offline.C:
			if !c.reachable() {
				return nil, errUnreachable
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
