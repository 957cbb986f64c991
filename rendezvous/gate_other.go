//go:build !unix

package rendezvous

import "net"

// newGate returns a gate that always waits inside TLS: an idle peer costs a few
// KiB more here.
func newGate(conn net.Conn) *gate { return &gate{Conn: conn} }

func (g *gate) await() error { return nil }
