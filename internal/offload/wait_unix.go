//go:build unix

package offload

import "golang.org/x/sys/unix"

// waitReadable is a step of syscall.RawConn.Read, which waits while it returns
// false.
func waitReadable() func(fd uintptr) bool { return isReadable }

// isReadable asks without waiting. An error to be read counts.
func isReadable(fd uintptr) bool {
	ask := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(ask[:], 0)
	return n > 0 || err != nil && err != unix.EINTR
}
