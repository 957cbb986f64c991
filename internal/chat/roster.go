package chat

import (
	"slices"

	"peerd/peer/api"
)

// rosterMsg is the roster as it is now.
type rosterMsg struct {
	peers  []api.Peer
	groups []api.Group
	err    error
}

// applyRoster brings the list up to date. Conversations stay where they are, so
// that numbers go on meaning the same; new ones go to the end. One that the
// daemon does not name stays too: a daemon that has just started may not have
// heard of it yet.
func (m *Model) applyRoster(msg rosterMsg) {
	var list, blocked []*conversation
	take := func(id, name string) *conversation {
		c := m.conversation(id)
		if c == nil {
			c = &conversation{id: id}
		}
		c.name = name
		list = append(list, c)
		return c
	}
	for _, peer := range msg.peers {
		if peer.Blocked {
			blocked = append(blocked, m.conversation(peer.Key))
			continue
		}
		c := take(peer.Key, peer.Name)
		c.peer, c.unread = peer, peer.Unread
	}
	for _, group := range msg.groups {
		c := take(group.ID, group.Name)
		c.group, c.unread = &group, group.Unread
	}
	for _, c := range m.list {
		if !slices.Contains(list, c) && !slices.Contains(blocked, c) {
			c.peer.Online, c.peer.Path, c.peer.RTT = false, api.PathNone, 0
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b *conversation) int { return m.rank(a) - m.rank(b) })
	m.list = list
	if !slices.Contains(list, m.shown) {
		m.shown = nil
	}
}

// rank orders the list: who was named on the command line, who was there before,
// who is new.
func (m *Model) rank(c *conversation) int {
	const named, there, fresh = 0, 1 << 20, 1 << 30
	if i := slices.IndexFunc(m.first, func(ref string) bool { return ref == c.name || ref == c.id }); i >= 0 {
		return named + i
	}
	if i := slices.Index(m.list, c); i >= 0 {
		return there + i
	}
	return fresh
}

// neighbour returns the conversation that is so many rows away from the shown
// one, around the ends.
func (m *Model) neighbour(distance int) *conversation {
	if len(m.list) == 0 {
		return nil
	}
	at := slices.Index(m.list, m.shown)
	return m.list[(at+distance+len(m.list))%len(m.list)]
}

// nextUnread returns the next conversation with something new, or nil.
func (m *Model) nextUnread() *conversation {
	for i := range m.list {
		if c := m.neighbour(i + 1); c.unread > 0 && c != m.shown {
			return c
		}
	}
	return nil
}
