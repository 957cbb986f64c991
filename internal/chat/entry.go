package chat

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"peerd/internal/printable"
	"peerd/peer/api"
)

// An entry is one message and its rows on the screen, which are kept: a message
// of 64 KiB is not folded again with every key.
type entry struct {
	message api.Message

	folded []string // its rows at width; nil: to be folded
	width  int
}

// update takes a newer version of the message. A state never goes back, though
// answers and events may overtake each other.
func (e *entry) update(message api.Message) {
	if e.message.State.Reached(message.State) {
		message.State = e.message.State
	}
	e.message, e.folded = message, nil
}

// rows returns the message as rows of at most width columns: when, who, what,
// and how far ours has come. No row of the text begins where a message does, so
// none can pass for another message.
func (e *entry) rows(width int, text *Texts) []string {
	if e.folded == nil || e.width != width {
		e.folded, e.width = fold(e.message, width, text), width
	}
	return e.folded
}

func fold(m api.Message, width int, text *Texts) []string {
	who := printable.Line(m.From)
	if m.Outgoing {
		who = text.Me
	}
	head := shownAt(m).Format("15:04") + " " + ansi.Truncate(who, max(4, width/3), "~")
	body := printable.Text(m.Text, "")
	if m.Unsent {
		body = text.Unsent
	}
	if remark := remark(m, text); remark != "" {
		body += " [" + remark + "]"
	}
	const indent = "  "
	if width < 30 { // no room for columns
		return append([]string{style.head(m).Render(head)}, wrap(body, indent, width)...)
	}
	left := strings.Repeat(" ", ansi.StringWidth(head)) + indent
	rows := wrap(body, left, width)
	rows[0] = style.head(m).Render(head) + indent + strings.TrimPrefix(rows[0], left)
	return rows
}

// remark is what there is to say about a message besides its text.
func remark(m api.Message, text *Texts) string {
	var remarks []string
	if m.Classic {
		remarks = append(remarks, text.Unproven)
	}
	if !m.EditedAt.IsZero() && !m.Unsent {
		remarks = append(remarks, text.Edited)
	}
	if m.Outgoing {
		remarks = append(remarks, text.State[m.State])
	}
	return strings.Join(remarks, " ")
}

// wrap folds a text of several lines, each row beginning with indent.
func wrap(text, indent string, width int) (rows []string) {
	room := max(2, width-ansi.StringWidth(indent))
	for line := range strings.SplitSeq(text, "\n") {
		for row := range strings.SplitSeq(ansi.Wrap(line, room, ""), "\n") {
			rows = append(rows, indent+row)
		}
	}
	return rows
}
