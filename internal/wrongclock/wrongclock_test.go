//go:build linux && amd64

package wrongclock_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"peerd/internal/wrongclock"
)

// child makes the test binary a program that tells the time when asked: by the wall
// clock, and since it began by the monotonic one.
const child = "WRONGCLOCK_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(child) == "" {
		os.Exit(m.Run())
	}
	began := time.Now()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fmt.Println(time.Now().Unix(), int64(time.Since(began)))
	}
}

func TestOneProcessHasAnotherTime(t *testing.T) {
	program := exec.Command(os.Args[0])
	program.Env = append(os.Environ(), child+"=1")
	ask, err := program.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	answers, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	defer program.Wait()
	defer ask.Close()
	tell := func() (wall, running int64) {
		t.Helper()
		if _, err := io.WriteString(ask, "\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fscan(answers, &wall, &running); err != nil {
			t.Fatal(err)
		}
		return wall, running
	}
	started := time.Now()
	tell() // now it runs
	clock, err := wrongclock.Of(program.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	for _, ahead := range []time.Duration{0, 87600 * time.Hour, -87600 * time.Hour, time.Hour} {
		if err := clock.Set(ahead); err != nil {
			t.Fatal(err)
		}
		wall, running := tell()
		if got := time.Until(time.Unix(wall, 0)); got < ahead-time.Minute || got > ahead+time.Minute {
			t.Errorf("set %v ahead, it is %v ahead", ahead, got)
		}
		if got := time.Duration(running); got < 0 || got > time.Since(started)+time.Minute {
			t.Errorf("set %v ahead, it has been running for %v", ahead, got)
		}
	}
}
