package chat

import (
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"peerd/peer/api"
)

// command does what was typed behind a slash. What it does not know stays in the
// input: it was perhaps meant as a text.
func (m *Model) command(line string) tea.Cmd {
	name, argument, _ := strings.Cut(line, " ")
	argument = strings.TrimSpace(argument)
	act, ok := commands[name]
	if !ok {
		m.notice = fill(m.text.NoCommand, name)
		return nil
	}
	m.input.Reset()
	return act(m, argument)
}

var commands = map[string]func(m *Model, argument string) tea.Cmd{
	"help":   func(m *Model, _ string) tea.Cmd { m.toggleHelp(); return nil },
	"quit":   func(m *Model, _ string) tea.Cmd { return m.quit() },
	"edit":   func(m *Model, _ string) tea.Cmd { m.editLast(); return nil },
	"unsend": func(m *Model, _ string) tea.Cmd { return m.unsendLast() },
	"search": (*Model).searchFor,
	"go":     (*Model).goTo,
	"bell":   func(m *Model, _ string) tea.Cmd { m.toggleBell(); return nil },
	"mouse":  func(m *Model, _ string) tea.Cmd { m.toggleMouse(); return nil },
}

func (m *Model) unsendLast() tea.Cmd {
	if m.shown == nil {
		return nil
	}
	e := m.shown.lastOurs()
	if e == nil {
		m.notice = m.text.NothingToEdit
		return nil
	}
	return m.edit(m.shown, api.EditRequest{ID: e.message.ID, Unsend: true})
}

func (m *Model) searchFor(text string) tea.Cmd {
	if text == "" || m.shown == nil {
		m.notice = m.text.SearchWhat
		return nil
	}
	return m.search(m.shown, text)
}

// goTo shows a conversation by its number or name.
func (m *Model) goTo(ref string) tea.Cmd {
	if n, err := strconv.Atoi(ref); err == nil {
		return m.showNumber(n)
	}
	for _, c := range m.list {
		if c.name == ref {
			return m.show(c)
		}
	}
	m.notice = fill(m.text.NoSuch, ref)
	return nil
}

func (m *Model) toggleBell() {
	m.bell = !m.bell
	m.notice = m.text.BellOff
	if m.bell {
		m.notice = m.text.BellOn
	}
}

func (m *Model) toggleMouse() {
	m.mouse = !m.mouse
	m.notice = m.text.MouseOff
	if m.mouse {
		m.notice = m.text.MouseOn
	}
}
