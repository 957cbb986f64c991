package chat

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"peerd/peer/api"
)

// longConversation returns a chat with a conversation on the screen whose page is
// full of the longest messages.
func longConversation(b *testing.B) *Model {
	daemon := newMemory()
	for range page {
		daemon.receive("bob", strings.Repeat("你好 hello ", api.MaxText/13))
	}
	m := New(daemon, &English, epoch)
	m.Update(rosterMsg{peers: daemon.peers})
	messages, _ := daemon.History(b.Context(), api.HistoryRequest{With: "kb", Limit: page})
	m.Update(historyMsg{id: "kb", messages: messages})
	m.View()
	return m
}

// BenchmarkKeyInALongConversation is one key and the screen after it.
func BenchmarkKeyInALongConversation(b *testing.B) {
	m := longConversation(b)
	for b.Loop() {
		m.Update(tea.KeyPressMsg{Code: 'x', Text: "x"})
		m.View()
	}
}

// BenchmarkResizeOfALongConversation is everything folded anew.
func BenchmarkResizeOfALongConversation(b *testing.B) {
	m := longConversation(b)
	width := 80
	for b.Loop() {
		width = 180 - width
		m.Update(tea.WindowSizeMsg{Width: width, Height: 24})
		m.View()
	}
}

// BenchmarkKeyInALongText is one key behind a text that is nearly too long.
func BenchmarkKeyInALongText(b *testing.B) {
	m := New(newMemory(), &English, epoch)
	m.Update(tea.PasteMsg{Content: strings.Repeat("你好 hello\n", 4000)})
	for b.Loop() {
		m.Update(tea.KeyPressMsg{Code: 'x', Text: "x"})
		m.View()
		m.Update(tea.KeyPressMsg{Code: tea.KeyBackspace})
	}
}
