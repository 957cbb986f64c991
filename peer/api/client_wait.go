package api

import "context"

// WaitOnline returns the peer's row once it is online. When ctx ends first, it
// returns the last row seen and ctx's error.
func (c *Client) WaitOnline(ctx context.Context, peer string) (Peer, error) {
	look := func(ctx context.Context, peer string) (Peer, error) {
		peers, err := c.Peers(ctx)
		if err != nil {
			return Peer{}, err
		}
		return FindPeer(peers, peer)
	}
	return c.waitPeer(ctx, peer, look, func(p Peer) bool { return p.Online })
}

// WaitDirect asks the daemon to connect to the peer and returns its row once the
// path is direct. When ctx ends first, it returns the last row seen and ctx's
// error.
func (c *Client) WaitDirect(ctx context.Context, peer string) (Peer, error) {
	return c.waitPeer(ctx, peer, c.Connect, func(p Peer) bool { return p.Path == PathDirect })
}

// waitPeer looks at the peer now and again after every event about it.
func (c *Client) waitPeer(ctx context.Context, ref string, look func(context.Context, string) (Peer, error), reached func(Peer) bool) (Peer, error) {
	events, err := c.Events(ctx, TypePresence, TypePath)
	if err != nil {
		return Peer{}, err
	}
	defer events.Close()
	peer, err := look(ctx, ref)
	if err != nil || reached(peer) {
		return peer, err
	}
	for event, err := range events.All() {
		if err != nil {
			return peer, err
		}
		if !about(event, peer) {
			continue
		}
		now, err := look(ctx, ref)
		if err != nil {
			return peer, err
		}
		if peer = now; reached(peer) {
			return peer, nil
		}
	}
	return peer, ctx.Err()
}

// about reports whether event changes the peer's row.
func about(event Event, peer Peer) bool {
	switch event := event.(type) {
	case Presence:
		return event.Key == peer.Key
	case PathChange:
		return event.Peer == peer.Name
	}
	return false
}
