//go:build !linux

package socket

import "syscall"

// limitUnsent leaves the length of the kernel's queue to the system.
func limitUnsent(syscall.RawConn) {}
