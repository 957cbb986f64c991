//go:build linux

package natlab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// openSocket opens a non-blocking socket in a namespace and configures it. The descriptor belongs to an os.File: Close
// then wakes the reader, which close(2) would not, and nobody can read from a reused descriptor.
func openSocket(
	ns *namespace, name string, domain, kind, protocol int, configure func(fd int) error,
) (*os.File, error) {
	fd := -1
	err := ns.Do(func() (err error) {
		fd, err = unix.Socket(domain, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, protocol)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open socket for %s: %w", name, err)
	}
	socket := os.NewFile(uintptr(fd), name)
	if err := configure(fd); err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	return socket, nil
}

// setReceiveBuffer asks for size bytes, and settles for the system's limit (net.core.rmem_max) in a user namespace.
func setReceiveBuffer(fd, size int) error {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, size) == nil {
		return nil
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, size); err != nil {
		return fmt.Errorf("set receive buffer: %w", err)
	}
	return nil
}

// bindPacket starts reception of a protocol, on the interface with this index or, if 0, on all of them.
func bindPacket(fd int, protocol uint16, index int) error {
	networkOrder := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, protocol))
	err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: networkOrder, Ifindex: index})
	if err != nil {
		return fmt.Errorf("bind packet socket: %w", err)
	}
	return nil
}
