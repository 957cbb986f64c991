package main

// The rules of this command line:
//
//   - Results go to stdout, everything said about them to stderr.
//   - With --json a result is one JSON object per line, the same in every
//     language. Nothing else goes to stdout.
//   - A failure is `error: CAUSE`, lower case, and where there is a next step,
//     `hint: COMMAND`. It exits with a code of internal/exitcode.
//   - It never asks. What it needs comes from arguments or stdin.
//   - No colour and no cursor movement: a state is a word, for screen readers,
//     pipes and log files alike. The exceptions, on a terminal only: the bars of
//     moving files, and black on white for a QR code, which NO_COLOR switches off.
//   - Everything that may come from somebody else passes internal/printable on
//     its way out.
//   - Words for humans come from texts, in the user's language.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"peerd/internal/exitcode"
	"peerd/internal/printable"
	"peerd/internal/statedir"
	"peerd/peer/api"
)

// stdio is where a command reads and writes.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// interactive reports whether a person would have to type the input.
func (s stdio) interactive() bool { return isTerminal(s.in) }

// isTerminal reports whether a stream of stdio is a terminal.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// app is one invocation: its streams and the flags every command has.
type app struct {
	stdio
	text    *texts
	json    bool
	socket  string
	timeout time.Duration
}

// dial returns a client of the daemon; the caller closes it.
func (a *app) dial() (*api.Client, error) {
	socket := a.socket
	if socket == "" {
		var err error
		if socket, err = statedir.DefaultSocket(); err != nil {
			return nil, err
		}
	}
	return api.NewClient(socket), nil
}

// limited returns ctx with the user's timeout.
func (a *app) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, a.timeout)
}

// isTimeout reports whether the user's timeout ended an action.
func isTimeout(err error) bool { return errors.Is(err, context.DeadlineExceeded) }

// line writes one result for humans, filled into format. Whatever comes from
// elsewhere is printable already.
func (a *app) line(format string, args ...any) error {
	_, err := fmt.Fprintln(a.out, fill(format, args...))
	return written(err)
}

// row writes one result for programs.
func (a *app) row(row any) error { return written(api.WriteRow(a.out, row)) }

// errUnwritten marks results that are lost because nobody takes them.
var errUnwritten = errors.New("write the result")

// written keeps a lost result from passing for success.
func written(err error) error {
	if err != nil {
		return fmt.Errorf("%w: %w", errUnwritten, err)
	}
	return nil
}

// say tells the user something that is no result.
func (a *app) say(text string) { fmt.Fprintln(a.err, text) }

// sayAfter says something unless stop is called before. Who has called stop may say
// something else.
func (a *app) sayAfter(patience time.Duration, text string) (stop func()) {
	said := make(chan struct{})
	slow := time.AfterFunc(patience, func() {
		defer close(said)
		a.say(text)
	})
	return func() {
		if !slow.Stop() {
			<-said
		}
	}
}

// report tells the user about a failure.
func (a *app) report(err error) {
	message, hint := err.Error(), ""
	if e, ok := errors.AsType[*api.Error](err); ok {
		e = a.text.translate(e)
		message, hint = e.Message, e.Hint
	}
	a.say(a.text.Error + printable.Line(message))
	if hint != "" {
		a.say(a.text.Hint + printable.Line(hint))
	}
}

// failure makes an error in the user's language.
func failure(code api.Code, text failureText, args ...any) *api.Error {
	return &api.Error{Code: code, Message: fill(text.Cause, args...), Hint: fill(text.Next, args...)}
}

// reported is a failure the user has been told about already.
type reported struct{ code int }

func (r reported) Error() string { return fmt.Sprintf("failed with exit code %d", r.code) }
func (r reported) ExitCode() int { return r.code }

// finish tells the user how the command ended and returns its exit code.
func (a *app) finish(ctx context.Context, err error) int {
	if ctx.Err() != nil {
		return exitcode.Interrupted
	}
	if isTimeout(err) {
		// Commands that wait for something of their own have explained that.
		err = failure(api.CodeUnreachable, a.text.DaemonSilent, a.timeout)
	}
	if _, done := errors.AsType[reported](err); err != nil && !done {
		a.report(err)
	}
	return exitcode.Of(err)
}
