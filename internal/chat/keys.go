package chat

import (
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// press does what a key is for.
func (m *Model) press(msg tea.KeyPressMsg) tea.Cmd {
	m.notice = ""
	name := msg.Keystroke()
	switch name {
	case "ctrl+c":
		return m.quit()
	case "ctrl+l":
		return tea.ClearScreen
	case "f1":
		m.toggleHelp()
		return nil
	case "esc":
		m.escape()
		return nil
	case "tab", "ctrl+n":
		return m.show(m.neighbour(1))
	case "shift+tab", "ctrl+p":
		return m.show(m.neighbour(-1))
	case "alt+a":
		return m.show(m.nextUnread())
	case "pgup":
		return m.scrollBy(m.paneHeight() - 1)
	case "pgdown":
		return m.scrollBy(1 - m.paneHeight())
	case "enter":
		return m.submit()
	}
	if number, ok := strings.CutPrefix(name, "alt+"); ok {
		if n, err := strconv.Atoi(number); err == nil {
			return m.showNumber(n)
		}
	}
	return m.pressIn(msg, name)
}

// pressIn does what depends on what is in the input.
func (m *Model) pressIn(msg tea.KeyPressMsg, name string) tea.Cmd {
	empty := m.input.Value() == ""
	switch {
	case name == "ctrl+d" && empty:
		return m.quit()
	case name == "up" && empty && m.overlay == nil:
		m.editLast()
		return nil
	}
	return m.typed(msg)
}

// quit ends the chat, when the daemon has what was sent; at once the second time.
func (m *Model) quit() tea.Cmd {
	if m.sending > 0 && !m.quitting {
		m.quitting = true
		return nil
	}
	return tea.Quit
}

// escape goes back one step: out of an overlay, an edit, or to the end.
func (m *Model) escape() {
	switch {
	case m.overlay != nil:
		m.overlay = nil
	case m.editing != "":
		m.cancelEdit()
	case m.shown != nil:
		m.shown.scroll = 0
	}
}

// showNumber shows the conversation with a number in the list, from 1.
func (m *Model) showNumber(n int) tea.Cmd {
	if n < 1 || n > len(m.list) {
		m.notice = fill(m.text.NoNumber, n)
		return nil
	}
	return m.show(m.list[n-1])
}

// scrollBy moves what is on the screen: up, to older rows, when rows is
// positive. At the top it fetches more.
func (m *Model) scrollBy(rows int) tea.Cmd {
	if m.overlay != nil {
		m.scroll = min(max(0, m.scroll-rows), max(0, len(m.overlay.rows(m))-m.paneHeight()))
		return nil
	}
	if m.shown == nil {
		return nil
	}
	c := m.shown
	above := max(0, m.rowsOf(c)-m.paneHeight())
	c.scroll = min(max(0, c.scroll+rows), above)
	if c.scroll == above && rows > 0 {
		return m.loadOlder(c)
	}
	return nil
}

// click shows the conversation whose row was clicked at.
func (m *Model) click(msg tea.MouseClickMsg) tea.Cmd {
	if m.rosterWidth() == 0 || msg.X >= m.rosterWidth() || msg.Y >= m.bodyHeight() {
		return nil
	}
	if i := m.firstListed() + msg.Y; i < len(m.list) {
		return m.show(m.list[i])
	}
	return nil
}

func (m *Model) wheel(msg tea.MouseWheelMsg) tea.Cmd {
	const step = 3
	switch msg.Button {
	case tea.MouseWheelUp:
		return m.scrollBy(step)
	case tea.MouseWheelDown:
		return m.scrollBy(-step)
	}
	return nil
}
