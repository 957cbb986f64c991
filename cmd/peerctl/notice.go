package main

import (
	"fmt"
	"slices"
	"strings"

	"peerd/internal/printable"
	"peerd/peer/api"
)

// noticeLength is how many characters of a message a notice shows.
const noticeLength = 200

// privacy is how much of a message a notice tells: shoulders have eyes.
type privacy int

const (
	tellAll    privacy = iota
	hideText           // who, but not what
	hideSender         // only that there is something
)

// notice is what there is to tell of messages that arrived together.
type notice struct{ summary, body string }

// compose makes one notice of messages, of which there is at least one. It is
// printable.
func (t *texts) compose(messages []api.Message, level privacy) notice {
	if level == hideSender {
		return notice{t.Watch.NewMessages, t.count(len(messages))}
	}
	var origins []string // of conversations, in order of arrival
	counts := map[string]int{}
	for _, m := range messages {
		from := t.origin(m)
		if counts[from] == 0 {
			origins = append(origins, from)
		}
		counts[from]++
	}
	if len(origins) > 1 {
		const named = 5 // more would not fit a notice
		parts := make([]string, 0, named+1)
		for _, from := range origins[:min(named, len(origins))] {
			parts = append(parts, fmt.Sprintf("%s (%d)", from, counts[from]))
		}
		if len(origins) > named {
			parts = append(parts, "...")
		}
		return notice{t.count(len(messages)), strings.Join(parts, ", ")}
	}
	last := messages[len(messages)-1]
	switch {
	case level == hideText:
		return notice{origins[0], t.count(len(messages))}
	case len(messages) == 1:
		return notice{origins[0], excerpt(last.Text)}
	}
	return notice{fmt.Sprintf("%s (%s)", origins[0], t.count(len(messages))), excerpt(last.Text)}
}

// origin is who said something, and where.
func (t *texts) origin(m api.Message) string {
	from := printable.Line(m.From)
	switch {
	case m.Classic:
		return fill(t.Classic.Marked, from)
	case m.Group != "":
		return fill(t.Watch.InGroup, from, printable.Line(m.Group))
	}
	return from
}

func (t *texts) count(messages int) string {
	if messages == 1 {
		return t.Watch.OneMessage
	}
	return fill(t.Watch.Messages, messages)
}

// excerpt is the beginning of a text.
func excerpt(text string) string {
	letters := []rune(text)
	if len(letters) > noticeLength {
		text = string(letters[:noticeLength]) + "..."
	}
	return printable.Text(text, "")
}

// unreadOf returns the messages of conversations in which something is unread.
func unreadOf(messages []api.Message, peers []api.Peer, groups []api.Group) []api.Message {
	return slices.DeleteFunc(messages, func(m api.Message) bool {
		if m.Group != "" {
			return !slices.ContainsFunc(groups, func(g api.Group) bool { return g.Name == m.Group && g.Unread > 0 })
		}
		return !slices.ContainsFunc(peers, func(p api.Peer) bool { return p.Key == m.FromKey && p.Unread > 0 })
	})
}
