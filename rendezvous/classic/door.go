// Package classic is the door for programs that speak the original protocol: a
// UDP socket and a TCP listener at one address. It serves rendezvous, which
// opens it when asked to.
//
//	user                          door                        others
//	 | login,alice,10.0.0.2:9000   |                            |
//	 | --------------------------> |  newcomers                 |
//	 | <------------ Accept,7799   |     |                      |
//	 | <== TCP: alice,…;bob,…;end  |     v                      |
//	 |                             |  table -- login,alice,… -> |
//	 | logout,alice,10.0.0.2:9000  |     |                      |
//	 | --------------------------> |     +---- logout,alice,… ->|
//
// A login may have a forged source. It changes nothing that others notice, and
// is answered with an Accept at most, which is smaller, until the list has been
// fetched over TCP from the same address: nobody can make the door send to
// somebody who has not asked, nor take a name for somebody else. A logout can be
// forged by whoever knows where the user listens; the protocol has nothing
// against that. The table and the newcomers are pure; the door drives them.
//
// Nothing here is authenticated or encrypted, and users are not members of the
// circle: it is not a way in. What users say to each other does not pass here.
// Peers of the circle that ask for it are listed beside the users and told of them
// (peers.go).
// Every limit on what strangers can make it spend is in limits.go.
package classic

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"peerd/internal/offload"
	"peerd/internal/ration"
	"peerd/wire"
)

// portAttempts is how often listening on port 0 tries to find a port that is
// free for UDP and TCP.
const portAttempts = 50

// A Door serves users of the classic protocol. Make one with Open. All methods
// are safe for concurrent use.
type Door struct {
	log      zerolog.Logger
	tcp      *net.TCPListener
	udp      *offload.Conn
	port     uint16
	closing  chan struct{} // closed by Close
	shut     func()        // closes closing, once
	counters Counters

	// mu guards what follows. It is held while users are told of each other, so
	// that they hear of events in the order in which these happened.
	mu        sync.Mutex
	table     *table
	audience  map[*Peer]struct{} // peers that hear of users
	datagrams *ration.Ration
	fetches   *ration.Ration
	lists     map[*net.TCPConn]netip.Addr // those being sent, and to whom
}

// Open binds both sockets at address, a HOST:PORT or :PORT of IPv4. With port 0
// it chooses one. isMembers reports whether a name's fold is that of a name of a
// member of the circle; it is called with locks held, and must not call the door.
// Users are served from Serve on. Close a Door in any case.
func Open(address string, isMembers func(fold string) bool, log zerolog.Logger) (*Door, error) {
	tcp, udp, err := listen(address)
	if err != nil {
		return nil, err
	}
	closing := make(chan struct{})
	return &Door{
		log: log, tcp: tcp, udp: offload.New(udp),
		port:    tcp.Addr().(*net.TCPAddr).AddrPort().Port(),
		closing: closing, shut: sync.OnceFunc(func() { close(closing) }),
		table:     newTable(isMembers),
		audience:  map[*Peer]struct{}{},
		datagrams: ration.New(datagramRate, datagramBurst),
		fetches:   ration.New(fetchRate, fetchBurst),
		lists:     map[*net.TCPConn]netip.Addr{},
	}, nil
}

// listen binds the same port of TCP and UDP.
func listen(address string) (*net.TCPListener, *net.UDPConn, error) {
	at, err := net.ResolveTCPAddr("tcp4", address)
	if err != nil {
		return nil, nil, err
	}
	for attempt := 1; ; attempt++ {
		tcp, err := net.ListenTCP("tcp4", at)
		if err != nil {
			return nil, nil, err
		}
		bound := tcp.Addr().(*net.TCPAddr)
		udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: bound.IP, Port: bound.Port})
		if err == nil {
			return tcp, udp, nil
		}
		_ = tcp.Close()
		if at.Port != 0 || attempt == portAttempts || !errors.Is(err, syscall.EADDRINUSE) {
			return nil, nil, err
		}
	}
}

// Serve serves users until Close, and returns when everything it started has
// ended. Call it once.
func (d *Door) Serve() {
	var running sync.WaitGroup
	running.Go(d.readDatagrams)
	running.Go(func() { d.acceptFetches(&running) })
	running.Go(d.tickUntilClosed)
	running.Wait()
}

// Close ends everything at once. It may come before Serve, and more than once.
func (d *Door) Close() error {
	d.shut()
	err := errors.Join(ignoreClosed(d.tcp.Close()), ignoreClosed(d.udp.Close()))
	d.mu.Lock()
	defer d.mu.Unlock()
	for conn := range d.lists {
		_ = conn.Close()
	}
	return err
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Addr returns the address that Open bound, UDP and TCP alike.
func (d *Door) Addr() netip.AddrPort { return d.tcp.Addr().(*net.TCPAddr).AddrPort() }

// Users returns how many users are online.
func (d *Door) Users() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.table.users)
}

// Counters returns what is counted. It is the door's own and goes on counting.
func (d *Door) Counters() *Counters { return &d.counters }

// tickUntilClosed does what is due without anybody asking.
func (d *Door) tickUntilClosed() {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		select {
		case <-d.closing:
			return
		case now := <-ticker.C:
			d.tick(now)
		}
	}
}

// tick sees to it that newcomers get their turn and that the silent leave.
func (d *Door) tick(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for address := range d.table.newcomers.addresses() {
		d.accept(address, now)
	}
	silent, told := d.table.expire(now)
	for i, u := range silent {
		d.log.Info().Str("name", u.name).Str("why", fmt.Sprintf("silent for %v", silenceLimit)).Msg("classic logout")
		d.tell(told[i])
	}
}

// tell sends an announcement, once for each encoding made. The caller holds mu.
func (d *Door) tell(a announcement) {
	if len(a.peers.Online)+len(a.peers.Gone) > 0 {
		d.tellPeers(a.peers, slices.Collect(maps.Keys(d.audience))...)
	}
	encoded := map[wire.ClassicEncoding][]byte{}
	for _, u := range a.to {
		if encoded[u.encoding] == nil {
			datagram, err := wire.AppendClassic(nil, a.message, u.encoding)
			if err != nil { // not for a user that a table holds
				d.log.Error().Err(err).Msg("announce a classic user")
				return
			}
			encoded[u.encoding] = datagram
		}
		d.send(u, encoded[u.encoding])
		d.counters.Announcements.Add(1)
	}
}

// send sends a datagram to where u is reached, from where it logged in. What is
// lost is lost: the protocol repeats nothing.
func (d *Door) send(u *user, datagram []byte) { _ = d.udp.WriteFrom(u.via, datagram, 0, 0, u.endpoint) }
