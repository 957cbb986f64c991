//go:build !linux

package netwatch

import "time"

// systemTimes takes the wall clock for the one that always runs. Somebody who
// sets it forward is taken for a sleeper, which costs a look at everything.
func systemTimes() func() times {
	started := time.Now()
	return func() times {
		return times{awake: time.Since(started), always: time.Duration(time.Now().UnixNano())}
	}
}
