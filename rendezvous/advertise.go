package rendezvous

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"peerd/internal/addressscope"
)

// advertise returns the HOST:PORT that invites name: what the user said, else
// the listen address, else the address that the way to the internet starts at.
func advertise(wish string, listening netip.AddrPort) string {
	port := strconv.Itoa(int(listening.Port()))
	if _, _, err := net.SplitHostPort(wish); err == nil {
		return wish
	}
	if wish != "" {
		return net.JoinHostPort(strings.Trim(wish, "[]"), port)
	}
	host := listening.Addr()
	if host.IsUnspecified() {
		host = outbound()
	}
	return net.JoinHostPort(host.String(), port)
}

// outbound returns the address this host would speak to the internet from, or
// the loopback address when it has no route. Nothing is sent: "connecting" a
// UDP socket only looks the route up.
func outbound() netip.Addr {
	for _, far := range farAway {
		if local := outboundTo(far); local.IsValid() {
			return local
		}
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// farAway are places on the internet, one for each family.
var farAway = [...]string{"192.0.2.1:9", "[2001:db8::1]:9"}

// outboundTo returns the zero Addr when there is no route.
func outboundTo(far string) netip.Addr {
	conn, err := net.Dial("udp", far)
	if err != nil {
		return netip.Addr{}
	}
	defer conn.Close()
	return addrOf(conn.LocalAddr()).Addr()
}

// AdvertiseWarning says why peers elsewhere could not reach an advertised
// HOST:PORT and what to do, or nothing when they probably can. A host name is
// taken on trust.
func AdvertiseWarning(advertised string) string {
	host, _, _ := net.SplitHostPort(advertised)
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	if addressscope.Of(addr.Unmap()) == addressscope.Global {
		return ""
	}
	return fmt.Sprintf("invites name %s, which peers elsewhere cannot reach: run with --advertise and this machine's public address or name", advertised)
}
