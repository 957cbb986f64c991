//go:build linux

package flood

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// Networks of many sources, routed to the hosts that use them. Those of IPv4 are
// for benchmarks (RFC 2544), those of IPv6 for documentation (RFC 3849).
var (
	attackers4 = netip.MustParsePrefix("198.18.0.0/16")
	attackers6 = netip.MustParsePrefix("2001:db8:a000::/36")
	honest4    = netip.MustParsePrefix("198.19.0.0/16")
	one4       = netip.MustParsePrefix("198.18.0.7/32")
	one56      = netip.MustParsePrefix("2001:db8:a000:700::/56")
)

// pick draws an address of a network.
func pick(network netip.Prefix) netip.Addr {
	raw := network.Addr().As16()
	fixed := network.Bits()
	if network.Addr().Is4() {
		fixed += 96
	}
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	for bit := fixed; bit < 128; bit++ {
		mask := byte(0x80) >> (bit % 8)
		raw[bit/8] = raw[bit/8]&^mask | random[bit/8]&mask
	}
	return netip.AddrFrom16(raw).Unmap()
}

// draw returns a random number below n.
func draw(n int) int {
	var random [8]byte
	_, _ = rand.Read(random[:])
	return int(binary.BigEndian.Uint64(random[:]) % uint64(n))
}

// A target is where the rendezvous is.
type target struct{ v4, v6 netip.AddrPort }

// reachedFrom returns its endpoint of the source's family.
func (t target) reachedFrom(source netip.Addr) netip.AddrPort {
	if source.Is4() {
		return t.v4
	}
	return t.v6
}

// dialFrom connects from a source of one of this host's networks.
func dialFrom(ctx context.Context, source netip.Addr, to netip.AddrPort) (net.Conn, error) {
	dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0)), Control: bindAnywhere}
	conn, err := dialer.DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, fmt.Errorf("connect from %v: %w", source, err)
	}
	return conn, nil
}

// bindAnywhere lets a socket have an address that only a route makes ours.
func bindAnywhere(network, _ string, raw syscall.RawConn) error {
	var failed error
	err := raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_FREEBIND, 1)
		if network == "tcp6" || network == "udp6" {
			failed = unix.SetsockoptInt(int(fd), unix.SOL_IPV6, unix.IPV6_FREEBIND, 1)
		}
	})
	if err != nil {
		return err
	}
	return failed
}

// hangUp ends a connection at once, without the states that TCP would keep.
func hangUp(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
