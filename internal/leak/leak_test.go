package leak

import (
	"os"
	"os/signal"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) { os.Exit(Checked(m).Run()) }

// forgotten runs until end is closed, and has begun when started is.
func forgotten(started, end chan struct{}) {
	close(started)
	<-end
}

func TestGoroutineThatIsLeftIsTold(t *testing.T) {
	started, end := make(chan struct{}), make(chan struct{})
	go forgotten(started, end)
	<-started
	told := slices.ContainsFunc(await(0), func(stack string) bool {
		return strings.Contains(stack, "leak.forgotten") && strings.Contains(stack, "leak_test.go")
	})
	if !told {
		t.Errorf("it is not among %q", await(0))
	}
	close(end)
	if left := await(patience); len(left) != 0 {
		t.Errorf("when it has ended: %q", left)
	}
}

func TestGoroutineThatIsEndingIsWaitedFor(t *testing.T) {
	started, end := make(chan struct{}), make(chan struct{})
	go forgotten(started, end)
	<-started
	time.AfterFunc(20*time.Millisecond, func() { close(end) })
	if left := await(patience); len(left) != 0 {
		t.Errorf("left are %q", left)
	}
}

func TestWhatBeginsOnceAndNeverEndsIsNoLeak(t *testing.T) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	signal.Stop(signals)
	if left := await(patience); len(left) != 0 {
		t.Errorf("left are %q", left)
	}
}

type result int

func (r result) Run() int { return int(r) }

func TestFailedTestsStayFailed(t *testing.T) {
	for code := range 3 {
		if got := Checked(result(code)).Run(); got != code {
			t.Errorf("code %d became %d", code, got)
		}
	}
}
