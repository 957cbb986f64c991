//go:build linux

package flood

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// usage is what the victim holds at a moment.
type usage struct {
	memory int64 // resident, in bytes
	files  int   // file descriptors, most of them connections
}

// used returns what a process holds.
func used(pid int) (u usage, err error) {
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return u, fmt.Errorf("count the victim's files: %w", err)
	}
	u.files = len(files)
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return u, fmt.Errorf("read the victim's memory: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kibibytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			u.memory = kibibytes << 10
			return u, err
		}
	}
	return u, errors.New("read the victim's memory: it has none")
}

// A watch notes the most that a process holds.
type watch struct {
	pid  int
	peak usage
	err  error
	stop chan struct{}
	work sync.WaitGroup
}

// lookEvery is how often: a peak that is shorter is nobody's trouble.
const lookEvery = 100 * time.Millisecond

func watchProcess(pid int) *watch {
	w := &watch{pid: pid, stop: make(chan struct{})}
	w.work.Go(func() {
		ticker := time.NewTicker(lookEvery)
		defer ticker.Stop()
		for {
			now, err := used(pid)
			w.peak.memory, w.peak.files = max(w.peak.memory, now.memory), max(w.peak.files, now.files)
			w.err = errors.Join(w.err, err)
			select {
			case <-w.stop:
				return
			case <-ticker.C:
			}
		}
	})
	return w
}

// end returns the peak.
func (w *watch) end() (usage, error) {
	close(w.stop)
	w.work.Wait()
	return w.peak, w.err
}

const (
	// settleBound is how soon after an attack the victim has let go of what it held.
	settleBound = 60 * time.Second
	// spare is how many files more than before are none that were left over: the
	// honest come and go meanwhile.
	spare = 8
)

// settle waits until the victim holds no more files than before an attack, and
// returns how long that took and what it holds then.
func settle(pid int, before usage) (after usage, took time.Duration, err error) {
	begun := time.Now()
	for {
		if after, err = used(pid); err != nil {
			return after, 0, err
		}
		took = time.Since(begun)
		if after.files <= before.files+spare || took > settleBound {
			return after, took, nil
		}
		time.Sleep(lookEvery)
	}
}
