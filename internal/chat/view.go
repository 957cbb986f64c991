package chat

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"peerd/internal/printable"
	"peerd/peer/api"
)

const (
	// minWidth and minHeight are the smallest terminal that a conversation fits.
	minWidth, minHeight = 20, 5
	// rosterFrom is the width from which the roster is beside the conversation,
	// and rosterColumns how much of it that takes, with the line between them.
	rosterFrom, rosterColumns = 60, 28
)

// styles are how what matters stands out: by weight and reverse video, which
// every terminal has, and never by that alone.
type styles struct{ bold, reverse lipgloss.Style }

var style = styles{bold: lipgloss.NewStyle().Bold(true), reverse: lipgloss.NewStyle().Reverse(true)}

// head is the style of what a message begins with.
func (s styles) head(m api.Message) lipgloss.Style {
	if m.Outgoing {
		return lipgloss.NewStyle()
	}
	return s.bold
}

func (m *Model) tooSmall() bool { return m.width < minWidth || m.height < minHeight }

func (m *Model) rosterWidth() int {
	if m.width < rosterFrom {
		return 0
	}
	return rosterColumns
}

// paneWidth and paneHeight are the room for the messages.
func (m *Model) paneWidth() int  { return m.width - m.rosterWidth() }
func (m *Model) paneHeight() int { return m.bodyHeight() - 1 }

// bodyHeight is the room above the status line and the input.
func (m *Model) bodyHeight() int { return max(1, m.height-1-m.input.Height()) }

// View implements [tea.Model].
func (m *Model) View() tea.View {
	view := tea.NewView("")
	view.AltScreen, view.ReportFocus = true, true
	view.WindowTitle = m.windowTitle()
	if m.mouse {
		view.MouseMode = tea.MouseModeCellMotion
	}
	if m.tooSmall() {
		view.SetContent(m.cut(fill(m.text.TooSmall, minWidth, minHeight), m.width))
		return view
	}
	body := m.pane()
	if roster := m.rosterWidth(); roster > 0 {
		for i, row := range m.roster() {
			body[i] = pad(row, roster-1) + "|" + body[i]
		}
	}
	view.SetContent(strings.Join(append(body, m.status(), m.input.View()), "\n"))
	if cursor := m.input.Cursor(); cursor != nil {
		cursor.Y += m.bodyHeight() + 1
		view.Cursor = cursor
	}
	return view
}

// windowTitle tells of unread messages when the terminal is behind other windows.
func (m *Model) windowTitle() string {
	if n := m.unread(); n > 0 {
		return fmt.Sprintf("(%d) peerctl chat", n)
	}
	return "peerctl chat"
}

// pane returns the rows of the title and of the messages or the overlay.
func (m *Model) pane() []string {
	rows, below := []string{}, 0
	switch {
	case m.overlay != nil:
		rows = m.overlay.rows(m)
		rows = rows[min(m.scroll, len(rows)):]
		rows = rows[:min(len(rows), m.paneHeight())]
	case m.shown != nil:
		rows, below = m.paneRows(m.shown), m.shown.scroll
	}
	end := max(0, len(rows)-below)
	rows = rows[max(0, end-m.paneHeight()):end]
	pane := append([]string{style.reverse.Render(pad(m.cut(m.title(), m.paneWidth()), m.paneWidth()))}, rows...)
	for len(pane) < m.bodyHeight() {
		pane = append(pane, "")
	}
	for i := range pane {
		pane[i] = m.cut(pane[i], m.paneWidth())
	}
	return pane
}

// paneRows returns all rows of a conversation, from the oldest.
func (m *Model) paneRows(c *conversation) []string {
	var rows []string
	switch {
	case !c.loaded && len(c.entries) == 0:
		return []string{m.text.Loading}
	case len(c.entries) == 0:
		return []string{m.text.NothingSaid}
	case !c.begins:
		rows = append(rows, m.text.Older)
	}
	last := ""
	for _, e := range c.entries {
		if d := day(e.message); d != last {
			rows = append(rows, "--- "+d+" ---")
			last = d
		}
		if e.message.ID == c.newFrom {
			rows = append(rows, m.text.New)
		}
		rows = append(rows, e.rows(m.paneWidth(), m.text)...)
	}
	return rows
}

func (m *Model) rowsOf(c *conversation) int { return len(m.paneRows(c)) }

// title says with whom the conversation is, and how to reach them.
func (m *Model) title() string {
	if m.shown == nil {
		return m.text.Nobody
	}
	title := printable.Line(m.shown.name) + "  " + m.whereabouts(m.shown)
	switch p := m.shown.peer; {
	case p.Classic:
		title += "  " + m.text.Unproven
	case p.Verified:
		title += "  " + m.text.Verified
	}
	if p := m.shown.peer; p.Endpoint.IsValid() {
		title += "  " + printable.Line(string(p.Transport)) + " " + p.Endpoint.String()
	}
	if q := m.shown.peer.Queued; q > 0 {
		title += "  " + fill(m.text.Queued, q)
	}
	if m.rosterWidth() == 0 {
		title = fmt.Sprintf("%d/%d ", slices.Index(m.list, m.shown)+1, len(m.list)) + title
	}
	return title
}

// status is the line above the input.
func (m *Model) status() string {
	left := m.text.Keys
	switch {
	case m.notice != "":
		left = printable.Line(m.notice)
	case m.down != nil:
		left = m.absence()
	case m.editing != "":
		left = m.text.Editing
	case m.shown != nil && m.shown.scroll > 0:
		left = m.text.Scrolled
	}
	right := ""
	if n := m.unread(); n > 0 {
		right = fill(m.text.Unread, n)
	}
	if m.down != nil && m.notice != "" {
		right = m.text.GoneShort
	}
	left = m.cut(left, m.width-ansi.StringWidth(right)-1)
	return style.reverse.Render(pad(left, m.width-ansi.StringWidth(right)) + right)
}

// absence says why there is no daemon: it does not run, or does not want us.
func (m *Model) absence() string {
	e, ok := errors.AsType[*api.Error](m.down)
	if !ok || e.Code == api.CodeUnreachable {
		return m.text.Gone
	}
	return printable.Line(e.Message)
}

// roster returns the rows of the list, as many as the body has.
func (m *Model) roster() []string {
	rows := make([]string, m.bodyHeight())
	for i := range rows {
		if n := m.firstListed() + i; n < len(m.list) {
			rows[i] = m.rosterRow(n)
		}
	}
	return rows
}

// firstListed is the index of the conversation in the roster's first row: the
// shown one is always on the screen.
func (m *Model) firstListed() int {
	return max(0, slices.Index(m.list, m.shown)-m.bodyHeight()+1)
}

// rosterRow describes the n-th conversation: number, name, unread, whereabouts.
func (m *Model) rosterRow(n int) string {
	c := m.list[n]
	right := m.whereabouts(c)
	if c.unread > 0 {
		right = fmt.Sprintf("*%d ", c.unread) + right
	}
	marker := " "
	if c == m.shown {
		marker = ">"
	}
	left := fmt.Sprintf("%s%2d %s", marker, n+1, printable.Line(c.name))
	width := rosterColumns - 1
	row := pad(m.cut(left, width-ansi.StringWidth(right)-1), width-ansi.StringWidth(right)) + right
	if c.unread > 0 {
		return style.bold.Render(row)
	}
	return row
}

// whereabouts is the path to a peer, or what is known instead of one.
func (m *Model) whereabouts(c *conversation) string {
	p := c.peer
	switch {
	case c.group != nil:
		return fill(m.text.Members, len(c.group.Members))
	case p.Classic && p.Online:
		return m.text.Plain
	case p.Path != api.PathNone && p.Path != "":
		return strings.TrimRight(m.text.Path[p.Path]+" "+roundTrip(p.RTT), " ")
	case p.Online:
		return m.text.Online
	case p.LastSeen.IsZero():
		return m.text.Offline
	}
	return m.text.Offline + " " + age(m.now.Sub(p.LastSeen.Time))
}

// cut returns text in at most width columns.
func (m *Model) cut(text string, width int) string { return ansi.Truncate(text, max(0, width), "~") }

// pad fills text with blanks up to width columns.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-ansi.StringWidth(text)))
}
