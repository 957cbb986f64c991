package socket

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/net/ipv4"

	"github.com/quic-go/quic-go"
)

// facade is the packet conn quic-go runs on. It keeps what quic-go can do on
// a bare UDP socket: segmentation offload, ECN and batched reads. For that it
// must be an OOBCapablePacketConn and have ReadBatch; without ReadBatch,
// quic-go would read the file descriptor directly, past the facade.
type facade struct {
	socket   *Socket
	receiver receiver
}

var _ quic.OOBCapablePacketConn = (*facade)(nil)

func newFacade(s *Socket) *facade {
	return &facade{socket: s, receiver: newReceiver(s)}
}

// ReadBatch fills messages with QUIC packets. quic-go calls it in one
// goroutine, which is the socket's read loop.
func (f *facade) ReadBatch(messages []ipv4.Message, _ int) (int, error) {
	return f.receiver.read(messages)
}

// ReadFrom reads one packet, where quic-go knows no batches (Windows).
func (f *facade) ReadFrom(b []byte) (int, net.Addr, error) {
	message := []ipv4.Message{{Buffers: [][]byte{b}}}
	if _, err := f.receiver.read(message); err != nil {
		return 0, nil, err
	}
	return message[0].N, message[0].Addr, nil
}

// ReadMsgUDP is never called: ReadBatch takes its place.
func (f *facade) ReadMsgUDP(b, _ []byte) (n, oobn, flags int, addr *net.UDPAddr, err error) {
	n, from, err := f.ReadFrom(b)
	if err != nil {
		return 0, 0, 0, nil, err
	}
	return n, 0, 0, from.(*net.UDPAddr), nil
}

// WriteMsgUDP sends the packets in b to the session named by addr. oob says
// how b is cut into packets, and their ECN mark; quic-go's choice of a source
// address in it is left out, as it may belong to another path. It reports
// success whatever happens: quic-go ends a connection for most send errors.
func (f *facade) WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	if handle, ok := handleIn(addr); ok {
		if x := f.socket.registry.byHandle(handle); x != nil {
			segmentSize, ecn := parseSendControl(oob)
			x.send(b, segmentSize, ecn)
		}
	}
	return len(b), len(oob), nil
}

// WriteTo sends one packet, where quic-go knows no control messages.
func (f *facade) WriteTo(b []byte, addr net.Addr) (int, error) {
	if addr, ok := addr.(*net.UDPAddr); ok {
		f.WriteMsgUDP(b, nil, addr)
	}
	return len(b), nil
}

// LocalAddr returns a virtual address, like the remote ones. For an unspecified
// one quic-go would ask the kernel where packets were sent to, and answer from
// there even after the path has changed.
func (f *facade) LocalAddr() net.Addr { return nowhere }

func (f *facade) SetReadDeadline(t time.Time) error { return f.socket.reading.setDeadline(t) }

// SetDeadline sets the read deadline; writes never wait.
func (f *facade) SetDeadline(t time.Time) error { return f.SetReadDeadline(t) }

func (f *facade) SetWriteDeadline(time.Time) error { return nil }

func (f *facade) SetReadBuffer(bytes int) error { return f.socket.conn.SetReadBuffer(bytes) }

func (f *facade) SetWriteBuffer(bytes int) error { return f.socket.conn.SetWriteBuffer(bytes) }

func (f *facade) SyscallConn() (syscall.RawConn, error) { return f.socket.conn.SyscallConn() }

func (f *facade) Close() error { return f.socket.conn.Close() }
