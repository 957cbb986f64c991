package chat

import (
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textarea"
	tea "charm.land/bubbletea/v2"

	"peerd/peer/api"
)

const (
	// maxInputRows is how many rows the input grows to. More would leave no room
	// for the conversation in a terminal of 24.
	maxInputRows = 6
	// maxInputLines is how many lines the input can hold.
	maxInputLines = 9000
)

// newInput returns the line at the bottom: it grows with what is typed, and
// Enter is not for it.
func newInput() textarea.Model {
	input := textarea.New()
	input.Prompt = "> "
	input.ShowLineNumbers = false
	input.CharLimit = 0
	input.DynamicHeight = true
	input.MinHeight, input.MaxHeight, input.MaxContentHeight = 1, maxInputRows, 1<<30
	input.KeyMap.InsertNewline = key.NewBinding(key.WithKeys("alt+enter", "ctrl+j", "shift+enter"))
	input.KeyMap.LineNext = key.NewBinding(key.WithKeys("down"))
	input.KeyMap.LinePrevious = key.NewBinding(key.WithKeys("up"))
	input.KeyMap.Paste.SetEnabled(false) // the terminal pastes
	input.KeyMap.PageUp.SetEnabled(false)
	input.KeyMap.PageDown.SetEnabled(false)
	input.SetStyles(textarea.Styles{})
	input.SetVirtualCursor(false)
	input.SetWidth(80)
	input.SetHeight(1)
	input.Focus()
	return input
}

// paste takes what the terminal pastes, all of it or nothing.
func (m *Model) paste(msg tea.PasteMsg) tea.Cmd {
	m.notice = ""
	value := m.input.Value()
	lines := strings.Count(value, "\n") + strings.Count(msg.Content, "\n")
	if len(value)+len(msg.Content) > api.MaxText || lines > maxInputLines {
		m.notice = m.text.TooLong
		return nil
	}
	var command tea.Cmd
	m.input, command = m.input.Update(msg)
	return command
}

// typed passes a key to the input.
func (m *Model) typed(msg tea.KeyPressMsg) tea.Cmd {
	if len(m.input.Value())+len(msg.Text) > api.MaxText {
		m.notice = m.text.TooLong
		return nil
	}
	var command tea.Cmd
	m.input, command = m.input.Update(msg)
	return command
}

// submit takes what is in the input: a command, a new text, or the new text of a
// message.
func (m *Model) submit() tea.Cmd {
	text := m.input.Value()
	if strings.TrimSpace(text) == "" {
		return nil
	}
	if name, isCommand := strings.CutPrefix(text, "/"); isCommand && !strings.HasPrefix(name, "/") && !strings.Contains(text, "\n") {
		return m.command(name)
	}
	text = strings.TrimPrefix(text, escapedSlash(text))
	switch {
	case m.shown == nil:
		m.notice = m.text.Nobody
		return nil
	case m.down != nil:
		m.notice = m.text.NotNow
		return nil
	case len(text) > api.MaxText:
		m.notice = m.text.TooLong
		return nil
	}
	m.input.Reset()
	m.shown.scroll = 0
	if id := m.editing; id != "" {
		m.cancelEdit()
		return m.edit(m.shown, api.EditRequest{ID: id, Text: text})
	}
	return m.send(m.shown, text)
}

// escapedSlash is what a text begins with that is to begin with a slash.
func escapedSlash(text string) string {
	if strings.HasPrefix(text, "//") {
		return "/"
	}
	return ""
}

// asTyped is what a user types for a text: one that begins with a slash is no command
// behind another slash.
func asTyped(text string) string {
	if strings.HasPrefix(text, "/") {
		return "/" + text
	}
	return text
}

// editLast puts our last message into the input, to be changed.
func (m *Model) editLast() {
	if m.shown == nil {
		return
	}
	e := m.shown.lastOurs()
	if e == nil {
		m.notice = m.text.NothingToEdit
		return
	}
	m.editing = e.message.ID
	m.input.SetValue(asTyped(e.message.Text))
	m.notice = m.text.Editing
}

func (m *Model) cancelEdit() {
	if m.editing != "" {
		m.editing = ""
		m.input.Reset()
	}
}
