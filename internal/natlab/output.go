//go:build linux

package natlab

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
)

// Stream is where a process wrote a line.
type Stream string

// The streams of a process.
const (
	Stdout Stream = "stdout"
	Stderr Stream = "stderr"
)

// output keeps every line that a process writes. Each line can be taken once.
type output struct {
	mu    sync.Mutex
	lines []outputLine
	grown chan struct{} // closed and replaced when there is something new, closed for good at the end
	ended bool
}

type outputLine struct {
	stream Stream
	text   string
	taken  bool
}

func newOutput() *output { return &output{grown: make(chan struct{})} }

func (o *output) append(stream Stream, text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines = append(o.lines, outputLine{stream: stream, text: text})
	close(o.grown)
	o.grown = make(chan struct{})
}

// end says that no more lines will come.
func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.ended {
		o.ended = true
		close(o.grown)
	}
}

// take returns the first line not yet taken that contains substring. If there is none, grown is closed when it is
// worth trying again; it is nil if there will never be one.
func (o *output) take(substring string) (line string, found bool, grown <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.lines {
		if l := &o.lines[i]; !l.taken && strings.Contains(l.text, substring) {
			l.taken = true
			return l.text, true, nil
		}
	}
	if o.ended {
		return "", false, nil
	}
	return "", false, o.grown
}

// text returns everything written to a stream so far.
func (o *output) text(stream Stream) string {
	return o.join(func(l outputLine) (string, bool) { return l.text, l.stream == stream })
}

// transcript returns all streams, line by line in order of arrival.
func (o *output) transcript() string {
	return o.join(func(l outputLine) (string, bool) { return fmt.Sprintf("  %s| %s", l.stream, l.text), true })
}

func (o *output) join(show func(outputLine) (string, bool)) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var b strings.Builder
	for _, l := range o.lines {
		if text, shown := show(l); shown {
			b.WriteString(text + "\n")
		}
	}
	return b.String()
}

// A lineWriter cuts what is written to it into lines.
type lineWriter struct {
	output  *output
	stream  Stream
	partial []byte
}

func (w *lineWriter) Write(b []byte) (int, error) {
	w.partial = append(w.partial, b...)
	for {
		line, rest, found := bytes.Cut(w.partial, []byte{'\n'})
		if !found {
			return len(b), nil
		}
		w.output.append(w.stream, string(line))
		w.partial = rest
	}
}

// flush turns an unfinished last line into a line.
func (w *lineWriter) flush() {
	if len(w.partial) > 0 {
		w.output.append(w.stream, string(w.partial))
		w.partial = nil
	}
}
