package socket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"
	"peerd/internal/offload"
)

// ErrListenAddress means that Config.Listen is not an address to listen on.
var ErrListenAddress = errors.New("listen address")

// ErrSessionExists is returned by Open for a session that is open already.
var ErrSessionExists = errors.New("session is already open")

// Socket is the UDP socket that all sessions of a peer share. All methods may be
// called concurrently.
type Socket struct {
	config    Config
	conn      datagramConn
	bound     netip.AddrPort
	transport *quic.Transport
	counters  counters

	registry registry
	relayed  relayedQueue
	reading  interruption
	logins   logins
	// governor is shared by all sessions.
	governor governor
	// relay is where relay frames go to and come from; nil: RelayByControl.
	relay atomic.Pointer[netip.AddrPort]
	// departing is set from Depart on.
	departing atomic.Bool
	// rendezvous is where auxiliary sockets log in; nil: nowhere.
	rendezvous atomic.Pointer[netip.AddrPort]

	// tcpSource is where TCP connections to peers leave from; nil: none do.
	tcpSource atomic.Pointer[netip.AddrPort]

	// look finds out where in the network we are, as the candidate filter needs it.
	look func(s *Socket, observed netip.AddrPort) surroundings
	// open opens an auxiliary socket on a free port of host.
	open func(host netip.Addr) (datagramConn, error)
	// openTCP connects to a peer from our own end of the control connection.
	openTCP func(ctx context.Context, source, to netip.AddrPort) (net.Conn, error)
	batches readBatches

	// lifetime ends with Close; tasks are all goroutines and timers under way.
	lifetime context.Context
	end      context.CancelFunc
	tasks    sync.WaitGroup

	mu sync.Mutex
	// closed forbids new tasks.
	closed bool
}

// datagramConn is what a Socket needs of offload.Conn; tests put failures in
// between.
type datagramConn interface {
	ReadBatch(into []offload.Datagrams) (int, error)
	Wait() error
	Readable() bool
	Write(b []byte, segmentSize int, ecn uint8, to netip.AddrPort) error
	WriteTTL(b []byte, ttl int, to netip.AddrPort) error
	SetReadDeadline(t time.Time) error
	SetReadBuffer(bytes int) error
	SetWriteBuffer(bytes int) error
	SyscallConn() (syscall.RawConn, error)
	LocalAddr() net.Addr
	Close() error
}

// Listen opens the socket and starts to read from it.
func Listen(config Config) (*Socket, error) {
	addr, err := parseListen(config.Listen)
	if err != nil {
		return nil, err
	}
	udp, err := listenUDP(addr)
	if err != nil {
		return nil, fmt.Errorf("listen on UDP %q: %w", config.Listen, err)
	}
	return start(config, offload.New(udp))
}

// listenUDP listens on both families where the host has both, unless addr is
// one of IPv4.
func listenUDP(addr *net.UDPAddr) (*net.UDPConn, error) {
	if addr.IP.To4() != nil {
		return net.ListenUDP("udp4", addr)
	}
	return net.ListenUDP("udp", addr)
}

// parseListen reads "host:port". An empty host becomes the nil IP: package net
// then listens on IPv6 and IPv4 where the host has both, else on IPv4.
func parseListen(text string) (*net.UDPAddr, error) {
	host, portText, err := net.SplitHostPort(text)
	if err != nil {
		return nil, fmt.Errorf("%w %q: want host:port, for example :0 or 192.0.2.1:7700", ErrListenAddress, text)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("%w %q: the port must be a number up to 65535", ErrListenAddress, text)
	}
	if host == "" {
		return &net.UDPAddr{Port: int(port)}, nil
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return nil, fmt.Errorf("%w %q: the host must be empty or an IP address", ErrListenAddress, text)
	}
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip.Unmap(), uint16(port))), nil
}

// start builds a Socket over conn, which it closes when it fails.
func start(config Config, conn datagramConn) (*Socket, error) {
	s := &Socket{
		config:   config,
		conn:     conn,
		bound:    unmapped(conn.LocalAddr().(*net.UDPAddr).AddrPort()),
		registry: newRegistry(),
		relayed:  newRelayedQueue(),
		reading:  interruption{conn: conn},
		look:     (*Socket).surroundings,
		open:     openUDP,
		openTCP:  openSimultaneously,
		batches:  newReadBatches(),
	}
	s.governor.counters = &s.counters
	s.lifetime, s.end = context.WithCancel(context.Background())
	s.logins = newLogins(s.write, config.Observed)
	s.transport = newTransport(newFacade(s))
	if err := startReading(s.transport); err != nil {
		s.end()
		return nil, errors.Join(fmt.Errorf("start QUIC on %v: %w", s.bound, err), conn.Close())
	}
	s.logReceiveBuffer()
	return s, nil
}

// Addr returns the address the socket is bound to; its host is unspecified
// when it listens on every address.
func (s *Socket) Addr() netip.AddrPort { return s.bound }

// SetRelay says where relay frames go and are accepted from: the UDP endpoint
// of the rendezvous, or the zero AddrPort for RelayByControl.
func (s *Socket) SetRelay(server netip.AddrPort) {
	if !server.IsValid() {
		s.relay.Store(nil)
		return
	}
	server = unmapped(server)
	s.relay.Store(&server)
}

// Transport is the QUIC transport over this socket; its addresses are
// Session.Addr values. It is the Socket's: do not close it.
func (s *Socket) Transport() *quic.Transport { return s.transport }

// Depart has single packets that sessions send from here on also go by
// RelayByControl: QUIC sends the last packet of a connection once, and it must neither
// get lost nor come to the rendezvous after our logout. It cannot be taken back.
func (s *Socket) Depart() { s.departing.Store(true) }

// Close ends all sessions and the socket, and waits for its goroutines.
// QUIC connections that are still open end without a word to the peer.
func (s *Socket) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end()
	for _, session := range s.registry.all() {
		session.Close()
	}
	err := errors.Join(s.transport.Close(), s.conn.Close())
	s.tasks.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close UDP socket %v: %w", s.bound, err)
	}
	return nil
}

// begin runs task on a goroutine that Close waits for. It reports false, and
// does not, when the socket is closed already.
func (s *Socket) begin(task func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.tasks.Go(task)
	}
	return !s.closed
}

// write sends datagrams from the main socket.
func (s *Socket) write(b []byte, segmentSize int, ecn uint8, to netip.AddrPort) {
	s.writeTo(s.conn, b, segmentSize, ecn, to, 0)
}

// writeTo sends datagrams from conn; with a ttl, which is not 0, b is a single
// one. It swallows the error: quic-go would end a connection for one
// ENETUNREACH or ENOBUFS, while a path that cannot send is the engine's to
// notice, which it does by missing replies.
func (s *Socket) writeTo(conn datagramConn, b []byte, segmentSize int, ecn uint8, to netip.AddrPort, ttl int) {
	var err error
	if ttl == 0 {
		err = conn.Write(b, segmentSize, ecn, to)
	} else {
		err = conn.WriteTTL(b, ttl, to)
	}
	if err != nil {
		s.counters.sendErrors.Add(1)
		s.config.Logger.Debug().Err(err).Stringer("to", to).Int("bytes", len(b)).Msg("send failed")
	}
}

// unmapped turns the IPv4-mapped addresses of dual-stack sockets into IPv4.
func unmapped(endpoint netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(endpoint.Addr().Unmap(), endpoint.Port())
}
