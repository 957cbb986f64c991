package natcheck

import (
	"encoding/binary"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"peerd/wire"
)

const sweepSupported = true

// limitTTL sets the TTL of everything the socket sends, and asks the kernel to
// queue ICMP errors with their senders, which needs no privilege (ip(7),
// IP_RECVERR).
func (s *spare) limitTTL(ttl int) error {
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		if failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TTL, ttl); failed == nil {
			failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_RECVERR, 1)
		}
	})
	if err != nil {
		return err
	}
	return failed
}

// awaitReport waits for a router's report that the question died there, or for
// its answer.
func (s *spare) awaitReport(deadline time.Time, q *question) (router netip.Addr) {
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return netip.Addr{}
	}
	s.look(deadline, func() bool {
		return raw.Read(func(fd uintptr) (done bool) { // fails when the time is over
			router = readReport(int(fd))
			return router.IsValid() || readAnswer(int(fd), q)
		}) == nil
	})
	return router
}

// readReport takes errors from the queue until one says that a packet's life
// ended at a router.
func readReport(fd int) netip.Addr {
	datagram, control := make([]byte, wire.LoginSize), make([]byte, 512)
	for {
		_, n, _, _, err := unix.Recvmsg(fd, datagram, control, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if err != nil {
			return netip.Addr{}
		}
		messages, err := unix.ParseSocketControlMessage(control[:n])
		if err != nil {
			continue
		}
		for _, message := range messages {
			if message.Header.Level == unix.IPPROTO_IP && message.Header.Type == unix.IP_RECVERR {
				if router := parseReport(message.Data); router.IsValid() {
					return router
				}
			}
		}
	}
}

// parseReport returns the sender of an ICMP Time Exceeded in Transit; the zero
// Addr for every other error.
//
//	errno (4) | origin (1) | type (1) | code (1) | … to 16 | family (2) | port (2) | address (4)
func parseReport(b []byte) netip.Addr {
	const extendedError, socketAddress = 16, 8
	const timeExceeded, inTransit = 11, 0
	if len(b) < extendedError+socketAddress {
		return netip.Addr{}
	}
	if b[4] != unix.SO_EE_ORIGIN_ICMP || b[5] != timeExceeded || b[6] != inTransit {
		return netip.Addr{}
	}
	if b = b[extendedError:]; binary.NativeEndian.Uint16(b) != unix.AF_INET {
		return netip.Addr{}
	}
	return netip.AddrFrom4([4]byte(b[4:8]))
}

// readAnswer takes datagrams until one is the answer. An error that is pending
// on the socket, of which readReport reads the rest, is no reason to stop.
func readAnswer(fd int, q *question) bool {
	buffer := make([]byte, wire.LoginSize+1)
	for {
		n, _, err := unix.Recvfrom(fd, buffer, unix.MSG_DONTWAIT)
		switch {
		case err == unix.EAGAIN:
			return false
		case err == unix.EHOSTUNREACH || err == unix.ECONNREFUSED || err == unix.EINTR:
			continue
		case err != nil:
			return false
		}
		if accept, err := wire.ParseAccept(buffer[:n]); err == nil && accept.TransactionID == q.login.TransactionID {
			q.accept, q.from = accept, q.to
			return true
		}
	}
}
