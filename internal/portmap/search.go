package portmap

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"golang.org/x/net/ipv4"
)

// The search for the router's UPnP description: an HTTP request in a datagram,
// to everybody on the link and to the router itself, whose answer says where
// the description is (UPnP Device Architecture 2.0, section 1.3).
const (
	searchPort = 1900
	// searchTime is how long a search lasts: devices may wait for a second
	// before they answer (MX), and datagrams get lost.
	searchTime = 2 * time.Second
	// searchRepeats is how often a search is sent in that time.
	searchRepeats = 3
	// maxSearchAnswer is larger than any answer seen; the rest is cut off.
	maxSearchAnswer = 2048
)

var searchGroup = netip.AddrFrom4([4]byte{239, 255, 255, 250})

// searchTargets are what is searched for. A version 2 gateway has to answer to
// version 1 too, but not every one does.
var searchTargets = []string{
	"urn:schemas-upnp-org:device:InternetGatewayDevice:2",
	"urn:schemas-upnp-org:device:InternetGatewayDevice:1",
}

var errNoDevice = errors.New("upnp: the router did not answer the search")

// search returns where the gateway's description is. Answers of others, and
// those that point elsewhere, are ignored: whoever is on the link could make us
// send requests to third parties with them.
func search(ctx context.Context, g gateway) (*url.URL, error) {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(g.local, 0)))
	if err != nil {
		return nil, fmt.Errorf("open a socket to search for the router: %w", err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()

	if link, err := net.InterfaceByName(g.link); err == nil {
		_ = ipv4.NewPacketConn(conn).SetMulticastInterface(link) // else the system chooses one
	}
	for range searchRepeats {
		sendSearch(conn, g)
		if location := awaitLocation(conn, g, time.Now().Add(searchTime/searchRepeats)); location != nil {
			return location, nil
		}
	}
	return nil, errNoDevice
}

// sendSearch sends one round of requests. What fails is repeated anyway.
func sendSearch(conn *net.UDPConn, g gateway) {
	for _, to := range []netip.Addr{searchGroup, g.address} {
		for _, target := range searchTargets {
			request := fmt.Sprintf("M-SEARCH * HTTP/1.1\r\nHOST: %v:%d\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: %s\r\n\r\n",
				searchGroup, searchPort, target)
			_, _ = conn.WriteToUDPAddrPort([]byte(request), netip.AddrPortFrom(to, searchPort))
		}
	}
}

// awaitLocation returns the first usable location that is received before the
// deadline, nil if there is none.
func awaitLocation(conn *net.UDPConn, g gateway, deadline time.Time) *url.URL {
	if err := conn.SetReadDeadline(deadline); err != nil {
		return nil
	}
	buffer := make([]byte, maxSearchAnswer)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return nil
		}
		if from.Addr().Unmap() != g.address {
			continue
		}
		if location, err := parseLocation(buffer[:n], g.address); err == nil {
			return location
		}
	}
}

// parseLocation returns where an answer to a search says that the description
// is, which must be the router's own address, not a name.
func parseLocation(datagram []byte, router netip.Addr) (*url.URL, error) {
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(datagram)), nil)
	if err != nil {
		return nil, fmt.Errorf("upnp: read the answer to a search: %w", err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK || !slices.Contains(searchTargets, response.Header.Get("ST")) {
		return nil, errors.New("upnp: not an answer to our search")
	}
	location, err := url.Parse(response.Header.Get("Location"))
	if err != nil {
		return nil, fmt.Errorf("upnp: read the location: %w", err)
	}
	if host, err := netip.ParseAddr(location.Hostname()); err != nil || host != router || location.Scheme != "http" {
		return nil, fmt.Errorf("%w: its location is %q", errElsewhere, location.Redacted())
	}
	return location, nil
}
