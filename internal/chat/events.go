package chat

import (
	"errors"
	"slices"

	tea "charm.land/bubbletea/v2"

	"peerd/peer/api"
)

// What the feed says (run.go).
type (
	// upMsg says that a subscription stands: from now on nothing is missed.
	upMsg struct{}
	// downMsg says that there is none, and why.
	downMsg struct{ err error }
	// eventMsg is an event.
	eventMsg struct{ event api.Event }
)

// hear takes what the daemon says, asked or not.
func (m *Model) hear(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case upMsg:
		return m.reconnected()
	case downMsg:
		m.down = msg.err
	case eventMsg:
		return m.happened(msg.event)
	case rosterMsg:
		return m.rosterCame(msg)
	case historyMsg:
		return m.historyCame(msg)
	case sentMsg:
		return m.sent(msg)
	case foundMsg:
		m.found(msg)
	case changedMsg:
		return m.changed(msg)
	case markedMsg:
		m.complain(msg.err)
	default:
		var command tea.Cmd
		m.input, command = m.input.Update(msg)
		return command
	}
	return nil
}

// complain shows an error, if there is one.
func (m *Model) complain(err error) {
	if err == nil {
		return
	}
	m.notice = err.Error()
	if e, ok := errors.AsType[*api.Error](err); ok && e.Hint != "" {
		m.notice = e.Message + " (" + e.Hint + ")"
	}
}

// reconnected fetches anew what may have changed while the daemon was gone.
func (m *Model) reconnected() tea.Cmd {
	if m.down != nil {
		m.notice = m.text.Back
	}
	m.down = nil
	for _, c := range m.list {
		c.loaded = false
	}
	if m.shown == nil {
		return m.refresh()
	}
	return tea.Batch(m.refresh(), m.load(m.shown))
}

func (m *Model) rosterCame(msg rosterMsg) tea.Cmd {
	m.refreshing = false
	if msg.err != nil {
		if m.down == nil { // else the screen says so, and nobody has asked
			m.complain(msg.err)
		}
		return nil
	}
	m.applyRoster(msg)
	var command tea.Cmd
	if m.shown == nil && len(m.list) > 0 {
		command = m.show(m.list[0])
	}
	if c := m.shown; c != nil && !c.loaded && !c.loading { // the last attempt has failed
		command = tea.Batch(command, m.load(c))
	}
	if m.stale {
		command = tea.Batch(command, m.refresh())
	}
	return command
}

func (m *Model) historyCame(msg historyMsg) tea.Cmd {
	c := m.conversation(msg.id)
	if c == nil {
		return nil
	}
	c.loading = false
	if c.again {
		c.again = false
		return m.load(c)
	}
	if msg.err != nil {
		m.complain(msg.err)
		return nil
	}
	if msg.before != "" {
		c.begins = len(c.add(msg.messages, true)) == 0
		return nil
	}
	if !c.reaches(msg.messages) { // more has been said than fits a page
		c.entries, c.begins, c.scroll = nil, false, 0
	}
	c.begins = len(msg.messages) < page || c.begins && len(c.entries) > 0
	c.add(msg.messages, false)
	c.loaded = true
	if c.newFrom == "" {
		c.newFrom = c.firstUnread()
	}
	return nil
}

// reaches reports whether messages go on where the conversation ends.
func (c *conversation) reaches(messages []api.Message) bool {
	return len(c.entries) == 0 || len(messages) < page ||
		slices.ContainsFunc(messages, func(m api.Message) bool { return c.entry(m.ID, m.FromKey) != nil })
}

// happened applies an event. What it does not say is fetched.
func (m *Model) happened(event api.Event) tea.Cmd {
	switch event := event.(type) {
	case api.Message:
		return tea.Batch(m.arrived(event), m.refresh())
	case api.Accepted:
		m.append(m.conversationOf(event.Message), event.Message)
	case api.Edit:
		if c := m.conversationOf(event.Message); c != nil {
			if e := c.entry(event.ID, event.FromKey); e != nil {
				e.update(event.Message)
			}
		}
	case api.Receipt:
		return m.receipt(event)
	default:
		return m.refresh()
	}
	return nil
}

// arrived takes a peer's message.
func (m *Model) arrived(message api.Message) tea.Cmd {
	c := m.conversationOf(message)
	if c == nil {
		return m.ring()
	}
	c.unread++
	m.append(c, message)
	if c == m.shown && m.focused && m.overlay == nil {
		return nil
	}
	if c == m.shown && c.unread == 1 {
		c.newFrom = message.ID
	}
	return m.ring()
}

// append puts a new message at the end. What the user is reading further up
// stays where it is.
func (m *Model) append(c *conversation, message api.Message) {
	if c == nil {
		return
	}
	if !c.loaded { // the history will have it; a page under way perhaps not yet
		c.again = c.loading
		return
	}
	for _, e := range c.add([]api.Message{message}, false) {
		if c.scroll > 0 {
			c.scroll += len(e.rows(m.paneWidth(), m.text))
		}
	}
	c.trim()
}

// receipt notes how far a message of ours has come. Of one to a group it says
// what a single member has, so the sum of all is fetched.
func (m *Model) receipt(receipt api.Receipt) tea.Cmd {
	c := m.conversationOf(api.Message{Outgoing: true, To: receipt.To, Group: receipt.Group})
	if c == nil || !c.loaded {
		return nil
	}
	e := c.ours(receipt.ID)
	if e == nil || c.group != nil {
		return m.load(c)
	}
	changed := e.message
	changed.State, changed.Path = receipt.State, receipt.Path
	e.update(changed)
	return nil
}

// sent takes the answer to a text. One that the daemon did not take is back in
// the input, unless there is something else by now.
func (m *Model) sent(msg sentMsg) tea.Cmd {
	command := m.answered(msg.err)
	c := m.conversation(msg.id)
	if c == nil {
		return command
	}
	if msg.err == nil {
		c.unsure = api.SendRequest{}
		return command
	}
	c.unsure = msg.request
	switch {
	case c == m.shown && m.input.Value() == "":
		m.input.SetValue(asTyped(msg.request.Text))
	case c != m.shown && c.draft == "":
		c.draft = asTyped(msg.request.Text)
	}
	return command
}

// changed takes the answer to an edit. A text that the daemon did not take is back
// in the input, unless there is something else by now.
func (m *Model) changed(msg changedMsg) tea.Cmd {
	idle := m.shown != nil && m.shown.id == msg.id && m.editing == "" && m.input.Value() == ""
	if msg.err != nil && !msg.request.Unsend && idle {
		m.editing = msg.request.ID
		m.input.SetValue(asTyped(msg.request.Text))
	}
	return m.answered(msg.err)
}

// answered notes that the daemon has answered for a text. Who wants to quit does so
// when it has answered for all, and stays to see what went wrong with one.
func (m *Model) answered(err error) tea.Cmd {
	m.sending--
	m.complain(err)
	m.quitting = m.quitting && err == nil
	if m.quitting && m.sending == 0 {
		return tea.Quit
	}
	return nil
}

// conversationOf returns the conversation that a message belongs to, or nil.
func (m *Model) conversationOf(message api.Message) *conversation {
	for _, c := range m.list {
		switch {
		case message.Group != "":
			if c.group != nil && c.group.Name == message.Group {
				return c
			}
		case c.group != nil:
		case message.Outgoing && c.name == message.To, !message.Outgoing && c.id == message.FromKey:
			return c
		}
	}
	return nil
}
