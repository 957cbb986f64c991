package main

import (
	"peerd/internal/printable"
	"peerd/peer/api"
)

// shortID is how many characters of a message's id are shown to people: its last
// ones, since the first ones are the time, which messages share.
const shortID = 6

// showMessage shows a message: when, who, what.
func (a *app) showMessage(m api.Message) error {
	if a.json {
		return a.row(m)
	}
	return a.line("%s  %s  %s", instant(shownAt(m)), a.author(m), a.said(m))
}

// showInHistory is showMessage with how to name the message in other commands
// and, of ours, how far it has come. Of one that was taken back that would mislead:
// it may never have been sent (receipts tells all there is to know).
func (a *app) showInHistory(m api.Message) error {
	if a.json {
		return a.row(m)
	}
	author := a.author(m)
	if m.Outgoing && !m.Unsent {
		author = fill(a.text.Message.State, author, word(a.text.State, m.State))
	}
	return a.line("%s  %s  %s  %s", instant(shownAt(m)), short(m.ID), author, a.said(m))
}

// messageID tells messages apart. The id alone does not: its sender draws it, and who is
// in a group with somebody knows the ids of what that one says there.
type messageID struct{ authorKey, id string }

func idOf(m api.Message) messageID { return messageID{m.FromKey, m.ID} }

// shownAt is when a message was sent or, of a peer's, when it arrived: by this
// peer's clock.
func shownAt(m api.Message) api.Time {
	if m.Outgoing {
		return m.SentAt
	}
	return m.ReceivedAt
}

// author says who wrote a message, and to whom.
func (a *app) author(m api.Message) string {
	switch {
	case m.Outgoing && m.Classic:
		return fill(a.text.Message.To, fill(a.text.Classic.Marked, printable.Line(m.To)))
	case m.Outgoing:
		return fill(a.text.Message.To, printable.Line(m.To))
	case m.Classic:
		return fill(a.text.Classic.Marked, printable.Line(m.From))
	case m.Group != "":
		return fill(a.text.Message.InGroup, printable.Line(m.From), printable.Line(m.Group))
	}
	return printable.Line(m.From)
}

// said is the text of a message. Further lines of it are indented, so that none
// of them can pass for another message.
func (a *app) said(m api.Message) string {
	text := printable.Text(m.Text, "    ")
	switch {
	case m.Unsent:
		return a.text.Message.Unsent
	case !m.EditedAt.IsZero():
		return fill(a.text.Message.Edited, text)
	}
	return text
}

// short is an id as people are shown it, and may type it.
func short(id string) string { return id[max(0, len(id)-shortID):] }
