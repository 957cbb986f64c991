//go:build linux

package natlab

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// A sender sends whole IPv4 packets from a namespace, which the kernel routes by their destination.
type sender struct {
	socket *os.File
	raw    syscall.RawConn
}

func openSender(ns *namespace) (*sender, error) {
	socket, err := openSocket(ns, "packets", unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW, func(int) error { return nil })
	if err != nil {
		return nil, err
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	return &sender{socket, raw}, nil
}

// send fails if the packet is too long for the link, if there is no route, or if the socket's buffer is full.
func (s *sender) send(packet []byte) error {
	const destination = 16
	to := &unix.SockaddrInet4{Addr: [4]byte(packet[destination:])}
	var sendErr error
	err := s.raw.Control(func(fd uintptr) { sendErr = unix.Sendto(int(fd), packet, unix.MSG_DONTWAIT, to) })
	return errors.Join(err, sendErr)
}

func (s *sender) close() { s.socket.Close() }
