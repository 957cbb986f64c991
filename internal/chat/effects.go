package chat

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"peerd/peer/api"
)

// answerWithin is how long the daemon, a process on this host, may take for an
// answer. After that the user is told rather than kept waiting.
const answerWithin = 10 * time.Second

// Results of commands.
type (
	// historyMsg is a page of a conversation.
	historyMsg struct {
		id       string // of the conversation
		before   string // what it was asked for
		messages []api.Message
		err      error
	}
	// sentMsg says what became of a text.
	sentMsg struct {
		id      string // of the conversation
		request api.SendRequest
		err     error
	}
	// changedMsg says whether a message of ours could be edited or unsent.
	changedMsg struct {
		id      string // of the conversation
		request api.EditRequest
		err     error
	}
	// foundMsg is the answer to a search.
	foundMsg struct {
		text     string
		messages []api.Message
		err      error
	}
	// markedMsg says whether messages could be marked read.
	markedMsg struct{ err error }
)

// ask is a command that asks the daemon.
func ask(question func(context.Context) tea.Msg) tea.Cmd {
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
		defer cancel()
		return question(ctx)
	}
}

// refresh fetches the roster, once at a time.
func (m *Model) refresh() tea.Cmd {
	if m.refreshing {
		m.stale = true
		return nil
	}
	m.refreshing, m.stale = true, false
	daemon := m.daemon
	return ask(func(ctx context.Context) tea.Msg {
		peers, err := daemon.Peers(ctx)
		if err != nil {
			return rosterMsg{err: err}
		}
		groups, err := daemon.Groups(ctx)
		return rosterMsg{peers: peers, groups: groups, err: err}
	})
}

// load fetches the newest page of a conversation.
func (m *Model) load(c *conversation) tea.Cmd { return m.fetch(c, "") }

// loadOlder fetches the page before the oldest message that is here.
func (m *Model) loadOlder(c *conversation) tea.Cmd {
	if c.begins || !c.loaded || len(c.entries) == 0 {
		return nil
	}
	return m.fetch(c, c.entries[0].message.ID)
}

func (m *Model) fetch(c *conversation, before string) tea.Cmd {
	if c.loading {
		c.again = true
		return nil
	}
	c.loading = true
	daemon, id, with := m.daemon, c.id, c.ref()
	return ask(func(ctx context.Context) tea.Msg {
		messages, err := daemon.History(ctx, api.HistoryRequest{With: with, Before: before, Limit: page})
		return historyMsg{id: id, before: before, messages: messages, err: err}
	})
}

// send hands a text to the daemon. It has an id before it leaves, so that a
// second attempt after a lost answer does not make a second message.
func (m *Model) send(c *conversation, text string) tea.Cmd {
	request := api.SendRequest{To: c.ref(), Text: text}
	if c.unsure.Text == text {
		request = c.unsure
	}
	m.sending++
	daemon, id := m.daemon, c.id
	return ask(func(ctx context.Context) tea.Msg {
		if request.ID == "" {
			request.ID = api.NewMessageID(time.Now())
		}
		_, err := daemon.Send(ctx, request)
		return sentMsg{id: id, request: request, err: err}
	})
}

// edit changes a message of ours, or takes it back.
func (m *Model) edit(c *conversation, request api.EditRequest) tea.Cmd {
	m.sending++
	daemon, id := m.daemon, c.id
	return ask(func(ctx context.Context) tea.Msg {
		_, err := daemon.Edit(ctx, request)
		return changedMsg{id: id, request: request, err: err}
	})
}

func (m *Model) search(c *conversation, text string) tea.Cmd {
	daemon, request := m.daemon, api.SearchRequest{Texts: []string{text}, Peer: c.ref(), Limit: page}
	return ask(func(ctx context.Context) tea.Msg {
		messages, err := daemon.Search(ctx, request)
		return foundMsg{text: text, messages: messages, err: err}
	})
}

// markSeen tells the daemon what the user has seen: the end of the conversation
// on the screen of a terminal that has the focus. Senders hear of it as far as
// the user has read receipts on, which the daemon knows.
func (m *Model) markSeen() tea.Cmd {
	c := m.shown
	if c == nil || c.unread == 0 || !c.loaded || c.scroll > 0 || !m.focused || m.overlay != nil || m.down != nil || m.tooSmall() {
		return nil
	}
	c.unread = 0
	daemon, ids := m.daemon, c.seen()
	return ask(func(ctx context.Context) tea.Msg {
		for _, id := range ids {
			if err := daemon.MarkRead(ctx, api.ReadMark{UpTo: id, Receipt: true}); err != nil {
				return markedMsg{err}
			}
		}
		return markedMsg{}
	})
}

// ref is what the daemon knows a conversation by.
func (c *conversation) ref() string {
	if c.group != nil {
		return c.group.Name
	}
	return c.peer.Key
}
