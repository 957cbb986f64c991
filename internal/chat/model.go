package chat

import (
	"time"

	"charm.land/bubbles/v2/textarea"
	tea "charm.land/bubbletea/v2"
)

const (
	// refreshEvery is how often the roster is fetched without a reason: round
	// trips and "last seen" change without events.
	refreshEvery = 10 * time.Second
	// bellPause is the least time between two bells: a burst of messages is one
	// noise.
	bellPause = 3 * time.Second
)

// Model is the state of a chat. Make one with [New]; it belongs to the program
// that runs it.
type Model struct {
	daemon Daemon
	text   *Texts
	after  func(time.Duration, func(time.Time) tea.Msg) tea.Cmd // tea.Tick

	width, height int
	now           time.Time // as of the last tick
	focused       bool      // the terminal has the focus, as far as it tells

	first   []string        // names or keys of peers to be at the top
	list    []*conversation // as shown, from the top
	shown   *conversation   // nil until the roster is there
	overlay overlay         // in place of the messages, if any
	scroll  int             // rows of the overlay that are above the screen

	input   textarea.Model
	editing string // id of the message whose text is in the input; empty: a new one
	notice  string // the last thing worth saying; cleared by the next key

	sending  int  // texts and edits that the daemon has not answered for
	quitting bool // as soon as it has

	down       error // why the daemon is not there; nil when it is
	refreshing bool  // the roster is being fetched
	stale      bool  // and has changed since
	bell       bool  // arrivals ring
	rang       bool  // not long ago
	mouse      bool  // clicks and the wheel are ours, not the terminal's
}

// New returns the state of a chat that has not begun. The peers and groups named
// in first come first in the list, and the first of them is shown.
func New(daemon Daemon, text *Texts, now time.Time, first ...string) *Model {
	return &Model{
		daemon: daemon, text: text, after: tea.Tick, now: now, first: first,
		width: 80, height: 24, focused: true, bell: true, mouse: true,
		input: newInput(),
	}
}

// tickMsg tells the time.
type tickMsg time.Time

// bellReadyMsg says that the bell may ring again.
type bellReadyMsg struct{}

func (m *Model) tick() tea.Cmd {
	return m.after(refreshEvery, func(now time.Time) tea.Msg { return tickMsg(now) })
}

// Init implements [tea.Model].
func (m *Model) Init() tea.Cmd { return tea.Batch(m.input.Focus(), m.refresh(), m.tick()) }

// Update implements [tea.Model].
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var command tea.Cmd
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.resize(msg.Width, msg.Height)
	case tea.FocusMsg:
		m.focused = true
	case tea.BlurMsg:
		m.focused = false
	case tea.KeyPressMsg:
		command = m.press(msg)
	case tea.PasteMsg:
		command = m.paste(msg)
	case tea.MouseClickMsg:
		command = m.click(msg)
	case tea.MouseWheelMsg:
		command = m.wheel(msg)
	case tickMsg:
		m.now = time.Time(msg)
		command = tea.Batch(m.refresh(), m.tick())
	case bellReadyMsg:
		m.rang = false
	default:
		command = m.hear(msg)
	}
	return m, tea.Batch(command, m.markSeen())
}

// resize fits everything into a terminal of this size.
func (m *Model) resize(width, height int) {
	m.width, m.height = width, height
	m.input.SetWidth(max(width, 2))
	m.input.MaxHeight = max(1, min(maxInputRows, height/4))
	m.input.SetHeight(m.input.Height())
}

// conversation returns the one with this id, or nil.
func (m *Model) conversation(id string) *conversation {
	for _, c := range m.list {
		if c.id == id {
			return c
		}
	}
	return nil
}

// show brings a conversation to the screen, with its own draft in the input.
func (m *Model) show(c *conversation) tea.Cmd {
	m.overlay, m.notice = nil, ""
	if c == m.shown || c == nil {
		return nil
	}
	m.cancelEdit()
	if m.shown != nil {
		m.shown.draft = m.input.Value()
	}
	m.shown = c
	m.input.SetValue(c.draft)
	c.newFrom = ""
	if c.loaded {
		c.newFrom = c.firstUnread()
	}
	return m.load(c)
}

// ring rings the bell, unless it is off or has just rung.
func (m *Model) ring() tea.Cmd {
	if !m.bell || m.rang {
		return nil
	}
	m.rang = true
	return tea.Batch(tea.Raw("\a"), m.after(bellPause, func(time.Time) tea.Msg { return bellReadyMsg{} }))
}

// unread counts the messages that wait in all conversations.
func (m *Model) unread() (count int) {
	for _, c := range m.list {
		count += c.unread
	}
	return count
}
