package portmap

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// routeTable is the kernel's main IPv4 table as text. It needs neither
// privileges nor a netlink socket, and a sandbox that hides the rest of /proc
// leaves a process its own folder.
const routeTable = "/proc/self/net/route"

// maxRoutes bounds how much of the table is read; the default routes of a
// machine with more are none of a home.
const maxRoutes = 10_000

// findGateways returns the on-link gateways of all default routes.
func findGateways() ([]gateway, error) {
	file, err := os.Open(routeTable)
	if err != nil {
		return nil, fmt.Errorf("read the routes: %w", err)
	}
	defer file.Close()
	var found []gateway
	for link, address := range defaultRoutes(file) {
		if g, ok := onLink(link, address); ok && !slices.Contains(found, g) {
			found = append(found, g)
		}
	}
	return found, nil
}

// onLink completes a gateway with our address on its link. False: it is not on
// the link, or the link is down.
func onLink(link string, address netip.Addr) (gateway, bool) {
	i, err := net.InterfaceByName(link)
	if err != nil {
		return gateway{}, false
	}
	for _, prefix := range linkPrefixes(i) {
		if prefix.Contains(address) {
			return gateway{address: address, local: prefix.Addr(), link: link}, true
		}
	}
	return gateway{}, false
}

// The flags of a route, from linux/route.h.
const (
	routeUp      = 0x1
	routeGateway = 0x2
)

// defaultRoutes yields the interface and gateway of each default route in the
// table:
//
//	Iface  Destination  Gateway   Flags  RefCnt  Use  Metric  Mask      MTU  Window  IRTT
//	eth0   00000000     0101A8C0  0003   0       0    0       00000000  0    0       0
//
// Lines that are not understood are left out.
func defaultRoutes(table io.Reader) func(yield func(link string, address netip.Addr) bool) {
	return func(yield func(string, netip.Addr) bool) {
		lines := bufio.NewScanner(table)
		for range maxRoutes {
			if !lines.Scan() {
				return
			}
			fields := strings.Fields(lines.Text())
			if len(fields) < 8 || fields[1] != "00000000" || fields[7] != "00000000" {
				continue
			}
			flags, err := strconv.ParseUint(fields[3], 16, 16)
			if err != nil || flags&(routeUp|routeGateway) != routeUp|routeGateway {
				continue
			}
			if address, ok := parseRouteAddress(fields[2]); ok && !yield(fields[0], address) {
				return
			}
		}
	}
}

// parseRouteAddress reads an address that was printed as a number of the
// machine's byte order.
func parseRouteAddress(text string) (netip.Addr, bool) {
	number, err := hex.DecodeString(text)
	if err != nil || len(number) != 4 {
		return netip.Addr{}, false
	}
	var bytes [4]byte
	binary.NativeEndian.PutUint32(bytes[:], binary.BigEndian.Uint32(number))
	return netip.AddrFrom4(bytes), true
}
