//go:build linux

package chaos

import (
	"fmt"
	"os"
	"testing"
)

// binaries is where TestMain has built the programs, with failpoints.
var binaries string

func TestMain(m *testing.M) { os.Exit(Enter(func() int { return buildAndRun(m) })) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "chaos-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	binaries = dir
	return m.Run()
}

// newLab makes a place to inject a fault so many times. Its directory has a short
// name: those of sockets are limited.
func newLab(t *testing.T, times int) *Lab {
	t.Helper()
	dir, err := os.MkdirTemp("", "chaos-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return &Lab{Binaries: binaries, Dir: dir, Times: times, Progress: t.Logf}
}

// play injects a fault so many times.
func play(t *testing.T, times int, inject func(*Lab) ([]Row, error)) {
	t.Helper()
	rows, err := inject(newLab(t, times))
	if err != nil {
		t.Error(err)
	}
	report(t, rows)
}

// report logs rows and fails for what was lost, repeated or mixed up. How long
// things took is for "make chaos" to judge: this machine may be busy.
func report(t *testing.T, rows []Row) {
	t.Helper()
	for _, r := range rows {
		t.Logf("%s: %d times, %v, resumed after: %s", r.Fault, r.Injected, r.Count, resumedAfter(r.Resume))
		if r.Broken() {
			t.Errorf("%s: %v", r.Fault, r.Count)
		}
	}
}
