package socket

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"peerd/wire"
)

// talks are a talk of the classic protocol in each of its encodings.
func talks(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, encoding := range []wire.ClassicEncoding{wire.ClassicUTF8, wire.ClassicDotNET} {
		datagram, err := wire.AppendClassic(nil, wire.ClassicTalk{Time: "3:21", Name: "dave", Text: "hello"}, encoding)
		if err != nil {
			t.Fatal(err)
		}
		all[encoding.String()] = datagram
	}
	return all
}

func TestTalksOfTheClassicProtocolAreJunkUnlessWanted(t *testing.T) {
	for encoding, talk := range talks(t) {
		l := newListener(t)
		for _, from := range []netip.AddrPort{stranger, peerEndpoint, server} {
			if x, _ := l.demultiplex(talk, from); x != nil {
				t.Errorf("QUIC gets a talk in %s from %v", encoding, from)
			}
		}
		if got := l.Counters(); got != (Counters{Junk: 3}) {
			t.Errorf("counted %+v", got)
		}
		var heard []string
		l.config.Classic = func(datagram []byte, from netip.AddrPort) { heard = append(heard, string(datagram)+from.String()) }
		l.demultiplex(talk, stranger)
		l.demultiplex(frame(l.session.ID(), talk), server) // in a relay frame it is nothing
		if len(heard) != 1 || heard[0] != string(talk)+stranger.String() {
			t.Errorf("heard %q", heard)
		}
	}
}

func TestNoTalkGetsToASessionsOwnSocket(t *testing.T) {
	for _, talk := range talks(t) {
		l := newListener(t)
		l.config.Classic = func([]byte, netip.AddrPort) { t.Error("a talk came to a session") }
		if l.session.receive(1, talk, peerEndpoint) || l.Counters().Junk != 1 {
			t.Errorf("counted %+v", l.Counters())
		}
	}
}

func TestClassicUserIsOpenedForAndTalkedTo(t *testing.T) {
	s, err := listen(t, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	user := listenLoopback(t)
	s.OpenClassic(user.at, 64) // it arrives here only because the TTL is not small
	if got := user.next(); got != "" {
		t.Errorf("got %q, want an empty datagram", got)
	}
	if err := s.SendClassic([]byte("talk,3:21,carol,hello"), user.at); err != nil {
		t.Fatal(err)
	}
	if got := user.next(); got != "talk,3:21,carol,hello" {
		t.Errorf("got %q", got)
	}
	if err := s.SendClassic(make([]byte, wire.MaxClassicDatagram+1), user.at); err == nil || s.Counters().SendErrors != 1 {
		t.Errorf("no error about what no datagram holds, counted %+v", s.Counters())
	}
}

func TestConnectionIDsAreRandomAndOfOneLength(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		id, err := connectionIDs{}.GenerateConnectionID()
		if err != nil || id.Len() != (connectionIDs{}).ConnectionIDLen() || seen[id.String()] {
			t.Fatalf("drew %v, %v", id, err)
		}
		seen[id.String()] = true
	}
}

// loopback is a UDP socket of somebody without sessions.
type loopback struct {
	t    *testing.T
	conn *net.UDPConn
	at   netip.AddrPort
}

func listenLoopback(t *testing.T) *loopback {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &loopback{t, conn, conn.LocalAddr().(*net.UDPAddr).AddrPort()}
}

func (l *loopback) next() string {
	l.t.Helper()
	if err := l.conn.SetReadDeadline(time.Now().Add(hangGuard)); err != nil {
		l.t.Fatal(err)
	}
	buffer := make([]byte, 1500)
	n, err := l.conn.Read(buffer)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(buffer[:n])
}
