// Package narrate tells a person who watches a demonstration what happens, when
// and why: one line per event, with the time since the beginning in front. It
// serves "peerd demo" and internal/demo, so that both read alike.
//
//	Two homes and a VPS
//	  0.01 s  the rendezvous starts on the VPS
//	            why this matters, in passing
//
// It is no logger: nothing is filtered and nobody parses it.
package narrate

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// Narrator writes to one stream. It is for one goroutine at a time.
type Narrator struct {
	out   io.Writer
	start time.Time
	style style
}

// style holds the escape sequences of a terminal; the zero style has none.
type style struct{ bold, dim, off string }

// New begins a narration: from now on time counts. It emphasises on terminals
// only, and not when NO_COLOR is set.
func New(out io.Writer) *Narrator {
	n := &Narrator{out: out, start: time.Now()}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == "" {
		n.style = style{bold: "\x1b[1m", dim: "\x1b[2m", off: "\x1b[0m"}
	}
	return n
}

// Title heads what follows.
func (n *Narrator) Title(format string, args ...any) {
	n.line(n.style.bold, "", format, args)
}

// Say tells one event.
func (n *Narrator) Say(format string, args ...any) {
	n.line("", fmt.Sprintf("%6.2f s  ", time.Since(n.start).Seconds()), format, args)
}

// Note adds to the event before it: the reason, a detail.
func (n *Narrator) Note(format string, args ...any) {
	n.line(n.style.dim, strings.Repeat(" ", 12), format, args)
}

// Picture shows a drawing as it is.
func (n *Narrator) Picture(drawing string) {
	fmt.Fprintf(n.out, "\n%s\n\n", strings.Trim(drawing, "\n"))
}

// line writes one line. That the audience has left is no reason to stop: the
// exit code still counts.
func (n *Narrator) line(emphasis, prefix, format string, args []any) {
	off := ""
	if emphasis != "" {
		off = n.style.off
	}
	fmt.Fprintf(n.out, "%s%s%s%s\n", emphasis, prefix, fmt.Sprintf(format, args...), off)
}

// Milliseconds writes a duration as people compare them: 0.4 ms, 81.3 ms.
func Milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
