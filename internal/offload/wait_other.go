//go:build !unix

package offload

// waitReadable is a step of syscall.RawConn.Read, which waits once: the system
// tells there whether the socket is readable, and forgets nothing.
func waitReadable() func(fd uintptr) bool {
	asked := false
	return func(uintptr) bool {
		again := asked
		asked = true
		return again
	}
}

// isReadable is not known here.
func isReadable(uintptr) bool { return false }
