//go:build !linux

package socket

import "syscall"

// isHalfOpen is not known here; the later attempts are long enough for the far
// end of the world.
func isHalfOpen(syscall.RawConn) bool { return false }

// limitUnsent leaves the length of the kernel's queue to the system.
func limitUnsent(syscall.RawConn) {}
