package rendezvous

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"syscall"

	reuseport "github.com/libp2p/go-reuseport"

	"peerd/internal/offload"
)

const (
	// maxSockets is how many sockets share the main UDP port where the system
	// spreads flows over them. One reader per socket: more than the cores (or
	// than four, where the network card is the limit) only cost memory.
	maxSockets = 4
	// socketBuffer is asked for as each UDP socket's receive and send buffer.
	// 2 MB hold 10 ms of relaying at 1.6 Gbit/s; the system may grant less.
	socketBuffer = 2 << 20
	// portAttempts is how often listening on port 0 tries to find two
	// neighbouring UDP ports that are both free.
	portAttempts = 50
)

// sockets are what a rendezvous listens on: TCP and UDP on the main port, UDP
// on the next one.
type sockets struct {
	tcp net.Listener
	udp []*udpSocket // those of mainPort, then the one of otherPort, then those of second addresses
}

// listen binds all sockets at address, and what further binds at the same ports. With
// port 0 it looks for two neighbouring ports that are free for all of them.
func listen(address string, further func(*sockets) error) (*sockets, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen address %q: want HOST:PORT or :PORT", address)
	}
	attempts := 1
	if portText == "0" {
		attempts = portAttempts
	}
	for {
		s, err := listenAt(host, portText, further)
		attempts--
		if err == nil || attempts == 0 {
			return s, err
		}
	}
}

// listenAt binds TCP first: where it succeeds, nobody else serves this port.
func listenAt(host, portText string, further func(*sockets) error) (_ *sockets, err error) {
	s := new(sockets)
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.tcp, err = listenTCP(net.JoinHostPort(host, portText)); err != nil {
		return nil, explainListen(err)
	}
	main := int(s.mainPort())
	if main == 65535 {
		return nil, errors.New("listen: the port after 65535 does not exist: choose a lower one with --listen")
	}
	if err = s.listenMain(net.JoinHostPort(host, strconv.Itoa(main))); err != nil {
		return nil, err
	}
	other, err := listenUDP(net.JoinHostPort(host, strconv.Itoa(main+1)))
	if err != nil {
		return nil, err
	}
	s.add(other, otherPort)
	if err = further(s); err != nil {
		return nil, err
	}
	return s, nil
}

// listenTCP binds what strangers connect to, so it has no more to it than it needs.
// Keepalives are ours (pingEvery), and multipath TCP would be a second protocol,
// spoken by the system with whoever likes.
func listenTCP(address string) (net.Listener, error) {
	config := net.ListenConfig{KeepAlive: -1}
	config.SetMultipathTCP(false)
	return config.Listen(context.Background(), "tcp", address)
}

// listenMain binds the main UDP port: once alone, so that a port somebody else
// has is an error and never shared with them by accident, and then again for
// every further reader.
func (s *sockets) listenMain(address string) error {
	first, err := listenUDP(address)
	if err != nil {
		return err
	}
	s.add(first, mainPort)
	if !balances() {
		return nil
	}
	raw, err := first.SyscallConn()
	if err != nil || reuseport.Control("udp", address, raw) != nil {
		return nil
	}
	for range min(runtime.GOMAXPROCS(0), maxSockets) - 1 {
		further, err := reuseport.ListenPacket("udp", address)
		if err != nil {
			return nil // this system does not: one socket serves as well
		}
		s.add(further.(*net.UDPConn), mainPort)
	}
	return nil
}

// balances reports whether the system spreads flows over sockets that share a
// port. Others hand everything to one of them, or let strangers join in.
func balances() bool { return runtime.GOOS == "linux" || runtime.GOOS == "freebsd" }

func listenUDP(address string) (*net.UDPConn, error) {
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		return nil, explainListen(err)
	}
	return conn.(*net.UDPConn), nil
}

// seesAddressAsked reports whether the system tells which of this host's
// addresses a datagram was sent to when we listen on all of them.
func seesAddressAsked() bool { return runtime.GOOS == "linux" }

// openSecond finds the second addresses and binds both UDP ports there too, if
// the sockets there are do not cover them.
func (s *sockets) openSecond(config Config) (addresses, error) {
	listening := addrOf(s.tcp.Addr()).Addr()
	a, err := findAddresses(config, listening)
	if err != nil || listening.IsUnspecified() {
		return a, err
	}
	return a, s.listenSecond(&a)
}

// listenSecond binds sockets that only observe.
func (s *sockets) listenSecond(a *addresses) error {
	for _, second := range a.seconds() {
		for _, p := range []port{mainPort, otherPort} {
			conn, err := listenUDP(netip.AddrPortFrom(second, s.mainPort()+uint16(p)).String())
			if err != nil {
				return err
			}
			s.add(conn, p).observing = true
		}
	}
	return nil
}

func (s *sockets) add(conn *net.UDPConn, p port) *udpSocket {
	socket := &udpSocket{conn: offload.New(conn), port: p}
	if bound := addrOf(conn.LocalAddr()).Addr(); !bound.IsUnspecified() {
		socket.bound = bound
	}
	// The system may cap both; the relay then drops sooner under bursts.
	_ = socket.conn.SetReadBuffer(socketBuffer)
	_ = socket.conn.SetWriteBuffer(socketBuffer)
	s.udp = append(s.udp, socket)
	return socket
}

// at returns a socket that sends from the given port and address, nil if there is
// none.
func (s *sockets) at(p port, local netip.Addr) *udpSocket {
	for _, socket := range s.udp {
		if socket.port == p && (!socket.bound.IsValid() || socket.bound == local.Unmap()) {
			return socket
		}
	}
	return nil
}

// mainPort returns the port that was bound.
func (s *sockets) mainPort() uint16 { return addrOf(s.tcp.Addr()).Port() }

func (s *sockets) close() {
	if s.tcp != nil {
		_ = s.tcp.Close()
	}
	for _, socket := range s.udp {
		_ = socket.conn.Close()
	}
}

// explainListen adds what to do about the two usual causes.
func explainListen(err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return hinted(err, "another program has the port: stop it, or choose another port with --listen")
	case errors.Is(err, syscall.EACCES):
		return hinted(err, "ports below 1024 need privileges: choose a higher one with --listen")
	}
	return err
}
