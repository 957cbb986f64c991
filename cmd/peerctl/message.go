package main

import (
	"peerd/internal/printable"
	"peerd/peer/api"
)

// showMessage shows a message: when, who, what. Further lines of the text are
// indented, so that none of them can pass for another message.
func (a *app) showMessage(m api.Message) error {
	if a.json {
		return a.row(m)
	}
	return a.line("%s  %s  %s", instant(m.ReceivedAt), printable.Line(m.From), printable.Text(m.Text, "    "))
}
