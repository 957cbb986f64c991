package socket

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// synReceived is TCP_SYN_RECV of linux/tcp_states.h: the peer's SYN has come,
// and its acknowledgement of ours has not.
const synReceived = 3

// isHalfOpen reports whether a connection that is being opened has heard of the
// peer.
func isHalfOpen(raw syscall.RawConn) (halfOpen bool) {
	_ = raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		halfOpen = err == nil && info.State == synReceived
	}) // fails when it has just been closed
	return halfOpen
}

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
