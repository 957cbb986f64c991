//go:build !linux

package offload

import (
	"errors"
	"net/netip"
)

// system holds nothing where there is no offload.
type system struct{}

func (c *Conn) enable() { c.single.Store(true) }

// ReadBatch receives one datagram into the first of the given buffers.
func (c *Conn) ReadBatch(into []Datagrams) (int, error) {
	if len(into) == 0 {
		return 0, nil
	}
	d := &into[0]
	n, from, err := c.udp.ReadFromUDPAddrPort(d.Buffer[:cap(d.Buffer)])
	if err != nil {
		return 0, err
	}
	from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	*d = Datagrams{Buffer: d.Buffer[:n], SegmentSize: n, From: from}
	return 1, nil
}

func (c *Conn) send(_ netip.Addr, b []byte, _ int, _ uint8, to netip.AddrPort) error {
	_, err := c.udp.WriteToUDPAddrPort(b, to)
	return err
}

// sendTTL sends nothing: package net sets TTLs for whole sockets only.
func (c *Conn) sendTTL([]byte, int, netip.AddrPort) error { return errors.ErrUnsupported }

func (c *Conn) cannotSegment(error) bool { return false }
