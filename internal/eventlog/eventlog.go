// Package eventlog makes the logger of both daemons: one event is one line, as text
// on a terminal and as JSON elsewhere, whatever peers have put into its fields.
//
//	peer says "x\n{"level":"info"…}"  ──▶  {"level":"warn","detail":"x\n{\"level\"…"}
//
// zerolog quotes line breaks and C0 controls, but neither DEL, nor C1, nor bidi
// controls, and logs are read on terminals: journalctl, tail, cat. It does not decide
// what is logged, and redacts nothing: who logs does.
package eventlog

import (
	"fmt"
	"io"
	"os"

	"github.com/rs/zerolog"
	"golang.org/x/term"

	"peerd/internal/exitcode"
	"peerd/internal/printable"
)

// New returns a logger of events from level on ("debug", "info", "warn", "error") that
// writes to w: text where w is a terminal, unless asJSON, else lines of JSON.
func New(w io.Writer, level string, asJSON bool) (zerolog.Logger, error) {
	parsed, err := zerolog.ParseLevel(level)
	if err != nil || parsed == zerolog.NoLevel {
		return zerolog.Nop(), exitcode.With(exitcode.Usage, fmt.Errorf("log level %q: use debug, info, warn or error", level))
	}
	if file, ok := w.(*os.File); ok && !asJSON && term.IsTerminal(int(file.Fd())) {
		w = text(file, os.Getenv("NO_COLOR") != "")
	} else {
		w = lines{w}
	}
	return zerolog.New(w).Level(parsed).With().Timestamp().Logger(), nil
}

// lines writes events as JSON that is harmless on a terminal. zerolog gives it one
// event at a time.
type lines struct{ io.Writer }

func (l lines) Write(event []byte) (int, error) {
	if _, err := l.Writer.Write(printable.JSON(event)); err != nil {
		return 0, err
	}
	return len(event), nil
}

// text writes events as text. The names of fields and the levels are ours.
func text(w io.Writer, noColor bool) io.Writer {
	harmless := func(value any) string { return printable.Line(fmt.Sprintf("%s", value)) }
	return zerolog.ConsoleWriter{
		Out: w, NoColor: noColor,
		FormatMessage: harmless, FormatFieldValue: harmless, FormatErrFieldValue: harmless,
	}
}
