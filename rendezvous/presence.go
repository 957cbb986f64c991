package rendezvous

import (
	"time"

	"peerd/wire"
)

// login makes c the connection of its key, in place of one it may have had, and
// welcomes it: the roster it is sent already shows it online.
func (h *hub) login(c *connection, hello wire.Hello, now time.Time) {
	h.relay.withhold(c, hello.Withhold)
	h.mu.Lock()
	c.gate.open() // under the lock: a shutdown finds everybody half-open or online, and the welcomed online
	replaced := h.online[c.key]
	if replaced != nil {
		h.relay.forget(replaced) // first, or a late frame of its would take c's endpoints with it
	}
	h.learnEndpoints(c, hello.Candidates, hello.NAT, now)
	h.online[c.key] = c
	delete(h.seen, c.key)
	h.table.Put(wire.Row{Key: c.key, Name: c.name, Prekey: hello.Prekey, Online: true, Since: now})
	_ = c.send(wire.Welcome{Version: hello.Version, Circle: h.circle, Name: c.name, Observed: c.remote, Certificate: c.certificate})
	c.certificate = nil
	for _, frames := range h.rosterFor(hello.RosterEpoch, hello.RosterVersion) {
		_ = c.sendFrames(frames)
	}
	c.rosterVersion = h.table.Version()
	h.mu.Unlock()

	h.rosterChanged()
	c.ping(time.Now())
	if replaced != nil {
		replaced.goodbye(wire.Goodbye{Reason: "this key has logged in again from " + c.remote.String()})
	}
	h.log.Info().Str("name", c.name).Stringer("key", c.key).Stringer("from", c.remote).Bool("replaced", replaced != nil).Msg("login")
}

// logout notes that c has ended. When c was replaced, its key stays online.
func (h *hub) logout(c *connection, why error, now time.Time) {
	h.relay.forget(c)
	h.mu.Lock()
	current := h.online[c.key] == c
	if current {
		delete(h.online, c.key)
		h.seen[c.key] = now
		if row, ok := h.table.Row(c.key); ok {
			row.Online, row.Since = false, now
			h.table.Put(row)
		}
	}
	h.mu.Unlock()
	if current {
		h.rosterChanged()
		h.log.Info().Str("name", c.name).Stringer("key", c.key).AnErr("why", why).Msg("logout")
	}
}

// publishPrekey puts a new prekey into c's row.
func (h *hub) publishPrekey(c *connection, prekey wire.SignedPrekey) {
	h.mu.Lock()
	row, ok := h.table.Row(c.key)
	if ok && h.online[c.key] == c {
		row.Prekey = prekey
		h.table.Put(row)
	}
	h.mu.Unlock()
	h.rosterChanged()
}

// goodbye ends c's connection with a reason.
func (c *connection) goodbye(m wire.Goodbye) {
	_ = c.send(m)
	c.end()
}

// connections returns who is logged in now.
func (h *hub) connections() []*connection {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]*connection, 0, len(h.online))
	for _, c := range h.online {
		all = append(all, c)
	}
	return all
}

// takeSeen returns the logouts since the last call.
func (h *hub) takeSeen() map[wire.Key]time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	seen := h.seen
	h.seen = map[wire.Key]time.Time{}
	return seen
}
