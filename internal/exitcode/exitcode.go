// Package exitcode is the one place that says what an exit code of our
// commands means. Users script against these numbers: they may be added to,
// never changed. It serves the three commands; only they exit.
package exitcode

import "errors"

const (
	OK                = 0
	Other             = 1   // anything not listed below
	Usage             = 2   // the command line or its input is wrong
	DaemonUnreachable = 3   // no daemon answers on the control socket
	Denied            = 4   // permission refused, or a known name shows up with another key
	NoSuchPeer        = 5   // nobody in the circle has this name or key
	NotReached        = 6   // the wanted state is not reached yet: still queued, nothing lost
	OnlyRelayed       = 7   // it works, but no direct path was found
	Declined          = 8   // the other side said no
	Interrupted       = 130 // SIGINT, as shells count it: 128 + 2
)

// A Coder is an error that knows its exit code.
type Coder interface{ ExitCode() int }

// Of returns the exit code of a command that ended with err: OK for nil, the
// code of the first [Coder] in err's tree, else Other.
func Of(err error) int {
	if err == nil {
		return OK
	}
	var coder Coder
	if errors.As(err, &coder) {
		return coder.ExitCode()
	}
	return Other
}

// With attaches an exit code to err. It returns nil for a nil err.
func With(code int, err error) error {
	if err == nil {
		return nil
	}
	return coded{code, err}
}

type coded struct {
	code int
	error
}

func (c coded) ExitCode() int { return c.code }
func (c coded) Unwrap() error { return c.error }
