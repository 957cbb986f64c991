package chat

import "strings"

// overlay is what is on the screen in place of the messages.
type overlay interface {
	rows(m *Model) []string
}

// help is the overlay that tells what there is.
type help struct{}

func (help) rows(m *Model) []string { return strings.Split(m.text.Help, "\n") }

func (m *Model) toggleHelp() {
	if m.overlay == (help{}) {
		m.overlay = nil
		return
	}
	m.overlay, m.scroll = help{}, 0
}

// findings is the overlay with what a search has found, the newest first.
type findings struct {
	title   string
	entries []*entry
}

func (f *findings) rows(m *Model) []string {
	rows := []string{m.cut(f.title, m.paneWidth())}
	for _, e := range f.entries {
		rows = append(rows, "--- "+day(e.message)+" ---")
		rows = append(rows, e.rows(m.paneWidth(), m.text)...)
	}
	return rows
}

// found shows what a search in the conversation has found.
func (m *Model) found(msg foundMsg) {
	if msg.err != nil {
		m.complain(msg.err)
		return
	}
	f := &findings{}
	for _, message := range msg.messages {
		if m.shown != nil && m.conversationOf(message) == m.shown {
			f.entries = append(f.entries, &entry{message: message})
		}
	}
	if len(f.entries) == 0 {
		m.notice = fill(m.text.NotFound, msg.text)
		return
	}
	f.title = fill(m.text.Found, len(f.entries), msg.text)
	m.overlay, m.scroll = f, 0
}
