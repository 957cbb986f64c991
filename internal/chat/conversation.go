package chat

import (
	"slices"
	"time"

	"peerd/peer/api"
)

const (
	// page is how many messages are fetched at a time.
	page = 100
	// keep is how many messages of a conversation stay in memory while its end is
	// on the screen; older ones are fetched again when the user scrolls back.
	keep = 500
)

// conversation is one row of the roster and what has been said there.
type conversation struct {
	id    string // key of the peer, or id of the group; stable
	name  string
	group *api.Group // nil for a peer
	peer  api.Peer   // zero for a group

	unread  int
	entries []*entry // oldest first
	loaded  bool     // entries reach up to now
	loading bool     // a page is being fetched
	again   bool     // and the newest page is wanted after it
	begins  bool     // entries reach back to the beginning
	newFrom string   // id of the first message that was unread when it was shown
	scroll  int      // rows below the screen; 0: the end is on it

	draft string
	// unsure is the last message whose sending failed: perhaps only the answer
	// was lost, so the same text goes out under the same id.
	unsure api.SendRequest
}

// add puts messages into place by their id: what is there already is replaced,
// what is new goes to the end, or to the front when older is set. It returns the
// entries that are new.
func (c *conversation) add(messages []api.Message, older bool) (fresh []*entry) {
	for _, m := range messages {
		if e := c.entry(m.ID, m.FromKey); e != nil {
			e.update(m)
			continue
		}
		fresh = append(fresh, &entry{message: m})
	}
	if older {
		c.entries = append(slices.Clone(fresh), c.entries...)
	} else {
		c.entries = append(c.entries, fresh...)
	}
	return fresh
}

// entry returns the one of a message, or nil. Ids are drawn by senders, so one
// author's does not name another's.
func (c *conversation) entry(id, author string) *entry {
	for _, e := range slices.Backward(c.entries) {
		if e.message.ID == id && e.message.FromKey == author {
			return e
		}
	}
	return nil
}

// ours returns the entry of a message of ours, or nil.
func (c *conversation) ours(id string) *entry {
	for _, e := range slices.Backward(c.entries) {
		if e.message.ID == id && e.message.Outgoing {
			return e
		}
	}
	return nil
}

// lastOurs returns our newest message that can still be changed, or nil.
func (c *conversation) lastOurs() *entry {
	for _, e := range slices.Backward(c.entries) {
		if e.message.Outgoing && !e.message.Unsent {
			return e
		}
	}
	return nil
}

// firstUnread returns the id of the oldest message that the user has not seen,
// as far as it is loaded.
func (c *conversation) firstUnread() (id string) {
	left := c.unread
	for _, e := range slices.Backward(c.entries) {
		if left == 0 {
			break
		}
		if !e.message.Outgoing {
			id = e.message.ID
			left--
		}
	}
	return id
}

// seen returns the newest message of every author but us: what is to be marked
// read.
func (c *conversation) seen() (ids []string) {
	var authors []string
	for _, e := range slices.Backward(c.entries) {
		if m := e.message; !m.Outgoing && !slices.Contains(authors, m.FromKey) {
			authors, ids = append(authors, m.FromKey), append(ids, m.ID)
		}
	}
	return ids
}

// trim forgets what is far above the screen.
func (c *conversation) trim() {
	if c.scroll == 0 && len(c.entries) > keep {
		c.entries, c.begins = slices.Clone(c.entries[len(c.entries)-keep/2:]), false
	}
}

// day returns the day of a message on the user's calendar.
func day(m api.Message) string { return shownAt(m).Format(time.DateOnly) }

// shownAt is the time that a message is shown with: by our own clock.
func shownAt(m api.Message) time.Time {
	if m.Outgoing || m.ReceivedAt.IsZero() {
		return m.SentAt.Local()
	}
	return m.ReceivedAt.Local()
}
