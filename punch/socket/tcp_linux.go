package socket

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// unsentLimit is how much the kernel may hold that it has not sent yet. The
// kernel's own limit grows to megabytes, in which probes would wait for seconds
// behind a bulk transfer; QUIC finds the rate of the path by what is dropped.
const unsentLimit = 64 << 10

// limitUnsent keeps the queue in the kernel short.
func limitUnsent(raw syscall.RawConn) {
	_ = raw.Control(func(fd uintptr) {
		// Best effort: without it the path has more delay under load.
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentLimit)
	})
}
