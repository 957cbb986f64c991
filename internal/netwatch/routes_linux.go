package netwatch

import (
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// defaultRoutes reads the kernel's main table.
func defaultRoutes() []Route {
	filter := &netlink.Route{Table: unix.RT_TABLE_MAIN}
	table, err := netlink.RouteListFiltered(netlink.FAMILY_ALL, filter, netlink.RT_FILTER_TABLE)
	if err != nil {
		return nil // where it is forbidden, addresses have to do
	}
	var routes []Route
	for _, r := range table {
		if r.Dst != nil {
			if ones, _ := r.Dst.Mask.Size(); ones != 0 {
				continue
			}
		}
		gateway, _ := netip.AddrFromSlice(r.Gw)
		source, _ := netip.AddrFromSlice(r.Src)
		routes = append(routes, Route{Gateway: gateway.Unmap(), Link: r.LinkIndex, Source: source.Unmap()})
	}
	return routes
}
