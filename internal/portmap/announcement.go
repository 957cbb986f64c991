package portmap

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Routers announce to all hosts of the link that they have started or that
// their external address has changed (RFC 6887 section 14.1, RFC 6886
// section 3.2.1).
var announcementGroup = netip.MustParseAddrPort("224.0.0.1:5350")

// announcementBacklog is how many announcements wait for one lease. More are
// dropped: those of a router that announces faster say nothing new.
const announcementBacklog = 4

// An audience is who waits for a router's announcements. It is safe for
// concurrent use; the zero value is empty.
type audience struct {
	mu      sync.Mutex
	members map[chan []byte]netip.Addr
}

// join adds a member, which receives what the router at address announces until
// it leaves, and nil for every doubt.
func (a *audience) join(address netip.Addr) (announcements <-chan []byte, leave func()) {
	member := make(chan []byte, announcementBacklog)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.members == nil {
		a.members = make(map[chan []byte]netip.Addr)
	}
	a.members[member] = address
	return member, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.members, member)
	}
}

func (a *audience) tell(from netip.Addr, datagram []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for member, address := range a.members {
		if address != from {
			continue
		}
		select {
		case member <- datagram:
		default:
		}
	}
}

// doubt tells all members that their routers may have lost the mappings.
func (a *audience) doubt() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for member := range a.members {
		select {
		case member <- nil:
		default: // it is going to ask anyway
		}
	}
}

// listenAnnouncements opens a socket for announcements, which other programs
// may listen for as well.
func listenAnnouncements() (*net.UDPConn, error) {
	return net.ListenMulticastUDP("udp4", nil, net.UDPAddrFromAddrPort(announcementGroup))
}

// hear tells the audience what conn receives, until ctx ends; it closes conn.
func (a *audience) hear(ctx context.Context, conn *net.UDPConn) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	for {
		buffer := make([]byte, pcpMaxLength+1)
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			select {
			case <-time.After(readPause):
			case <-ctx.Done():
			}
			continue
		}
		if from.Port() == serverPort {
			a.tell(from.Addr().Unmap(), buffer[:n])
		}
	}
}
