// Package leak fails a package's tests when they leave goroutines behind. Who starts a
// goroutine waits for it: then none is left after the last test, whatever the tests
// were. It serves TestMain functions, and nothing that is installed.
//
//	func TestMain(m *testing.M) { os.Exit(leak.Checked(m).Run()) }
package leak

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// patience is how long goroutines may take to end after the last test: those that
// were told to, and have only to be scheduled.
const patience = 15 * time.Second

// lasting are what begins once and never ends, by a function of it.
var lasting = []string{
	"os/signal.loop",          // since the first signal.Notify
	"os/signal.signal_recv",   // likewise
	"testing.(*M).Run",        // of our own tests
	"internal/fuzz.RunWorker", // of go test -fuzz
}

// Tests is a *testing.M.
type Tests interface{ Run() int }

// Checked returns m, which exits with another code than 0, and tells of the
// goroutines, when some are left in the end.
func Checked(m Tests) Tests { return checked{m} }

type checked struct{ tests Tests }

// Run implements Tests.
func (c checked) Run() int {
	code := c.tests.Run()
	if code != 0 {
		return code // a failed test need not have cleaned up
	}
	left := await(patience)
	for _, stack := range left {
		fmt.Fprintf(os.Stderr, "left behind: %s\n\n", stack)
	}
	return min(len(left), 1)
}

// await returns the stacks of the goroutines that are left once there are none, or
// patience has ended.
func await(patience time.Duration) []string {
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if left := others(); len(left) == 0 || time.Now().After(deadline) {
			return left
		}
	}
}

// others returns the stacks of all goroutines but the caller's and lasting ones.
func others() []string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var left []string
	for i, stack := range strings.Split(string(stacks), "\n\n") {
		if i > 0 && !isLasting(stack) {
			left = append(left, stack)
		}
	}
	return left
}

func isLasting(stack string) bool {
	for _, function := range lasting {
		if strings.Contains(stack, "\n"+function) {
			return true
		}
	}
	return false
}
