//go:build failpoint

package failpoint

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// armed is the point this process dies at, read when the first is passed: a
// process has one environment and dies once.
var armed = sync.OnceValue(func() *fuse { return parse(os.Getenv(Variable)) })

// A fuse burns down as its point is passed.
type fuse struct {
	point Point
	left  atomic.Int64
}

// parse reads NAME@COUNT. A fuse that would never burn would make a test prove
// nothing, so that one is refused.
func parse(setting string) *fuse {
	f := new(fuse)
	if setting == "" {
		return f
	}
	name, count, _ := strings.Cut(setting, "@")
	left, err := strconv.ParseInt(count, 10, 64)
	f.point = Point(name)
	if err != nil || left < 1 || !slices.Contains(Points(), f.point) {
		panic(fmt.Sprintf("%s=%q: want a point, @ and how often it is passed", Variable, setting))
	}
	f.left.Store(left)
	return f
}

// Hit passes a point: this process ends there if it is the one it was told, for
// as many times as it was told.
func Hit(point Point) {
	if f := armed(); point != f.point || f.left.Add(-1) != 0 {
		return
	}
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {} // the signal is on its way
}
