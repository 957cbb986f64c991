//go:build !linux

package netwatch

import (
	"net"
	"net/netip"
)

// defaultRoutes tells which source address the system takes towards the
// internet, one for each family that is routed. Connecting a UDP socket asks the
// routing table and sends nothing.
func defaultRoutes() []Route {
	var routes []Route
	for _, far := range []string{"192.0.2.1:9", "[2001:db8::1]:9"} {
		conn, err := net.Dial("udp", far)
		if err != nil {
			continue
		}
		source := conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
		routes = append(routes, Route{Gateway: netip.Addr{}, Source: source})
		conn.Close()
	}
	return routes
}
