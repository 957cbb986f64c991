//go:build linux

package flood

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"

	"peerd/internal/natlab"
)

// pin gives everything that will be started on a host one core, the last, so that an
// attacker on the victim's own machine takes no more of it from the victim than what
// attackers elsewhere would: what comes in has to be received. Others may use
// every core, that one included.
func pin(host *natlab.Host) error {
	return host.Do(func() error { // on the thread that starts the host's processes, which inherit it
		var cores unix.CPUSet
		cores.Set(runtime.NumCPU() - 1)
		if err := unix.SchedSetaffinity(0, &cores); err != nil {
			return fmt.Errorf("pin %s to a core: %w", host.Name(), err)
		}
		return nil
	})
}
