package socket

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"peerd/internal/identity"
	"peerd/wire"
)

// quicVersions reads the version of a long header, and those that a Version
// Negotiation packet (version 0) offers (RFC 9000 section 17.2).
func quicVersions(packet []byte) (version uint32, destination, source []byte, offered []uint32) {
	version, rest := binary.BigEndian.Uint32(packet[1:]), packet[5:]
	destination, rest = rest[1:1+rest[0]], rest[1+rest[0]:]
	source, rest = rest[1:1+rest[0]], rest[1+rest[0]:]
	for ; version == 0 && len(rest) >= 4; rest = rest[4:] {
		offered = append(offered, binary.BigEndian.Uint32(rest))
	}
	return version, destination, source, offered
}

func versionNegotiation(destination, source []byte, offered quic.Version) []byte {
	packet := []byte{0xc0, 0, 0, 0, 0, byte(len(destination))}
	packet = append(append(packet, destination...), byte(len(source)))
	return binary.BigEndian.AppendUint32(append(packet, source...), uint32(offered))
}

func newUDP(t *testing.T) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second)) // hang guard
	return conn
}

func newQUICIdentity(t *testing.T) *identity.Identity {
	t.Helper()
	self, err := identity.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return self
}

// Somebody in the middle says that the peer speaks another version of QUIC only: the
// handshake ends, and nothing of another version is ever sent.
func TestT26VersionOfQUICCannotBeNegotiatedAway(t *testing.T) {
	middle, self, peer := newUDP(t), newQUICIdentity(t), newQUICIdentity(t)
	var sent []uint32
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 2048)
		for {
			n, from, err := middle.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			version, destination, source, _ := quicVersions(buffer[:n])
			sent = append(sent, version)
			_, _ = middle.WriteToUDPAddrPort(versionNegotiation(source, destination, quic.Version2), from)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // hang guard
	defer cancel()
	_, err := quic.DialAddr(ctx, middle.LocalAddr().String(), self.MutualTLS(wire.SessionProtocol, peer.Key()), QUICConfig())
	if _, ok := errors.AsType[*quic.VersionNegotiationError](err); !ok {
		t.Errorf("the handshake ended with %v", err)
	}
	middle.Close()
	<-done
	if len(sent) == 0 || slices.ContainsFunc(sent, func(version uint32) bool { return version != uint32(quic.Version1) }) {
		t.Errorf("sent packets of the versions %x", sent)
	}
}

// Whoever dials in another version is told the one there is, which opens nothing.
func TestT26OtherVersionsOfQUICAreNotAccepted(t *testing.T) {
	self, dialler, socket := newQUICIdentity(t), newUDP(t), newUDP(t)
	transport := &quic.Transport{Conn: socket}
	defer transport.Close()
	listener, err := transport.Listen(self.AcceptTLS([]string{wire.SessionProtocol}, func(wire.Key) bool { return true }), QUICConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, version := range []uint32{uint32(quic.Version2), 0xff00001d, 0x51303530, 0xffffffff} { // draft 29, Google's Q050
		initial := make([]byte, 1200)
		initial[0] = 0xc0
		binary.BigEndian.PutUint32(initial[1:], version)
		initial[5], initial[14] = 8, 8 // connection IDs of zeros
		if _, err := dialler.WriteTo(initial, socket.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, 2048)
		n, err := dialler.Read(answer)
		if err != nil {
			t.Fatal(err)
		}
		if is, _, _, offered := quicVersions(answer[:n]); is != 0 || !slices.Contains(offered, uint32(quic.Version1)) || slices.Contains(offered, uint32(quic.Version2)) {
			t.Errorf("version %x is answered with a packet of version %x that offers %x", version, is, offered)
		}
	}
}
