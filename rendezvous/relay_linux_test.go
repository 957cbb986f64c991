package rendezvous

import (
	"net/netip"
	"testing"
	"time"

	"peerd/internal/offload"
	"peerd/wire"
)

// QUIC stops using congestion marks on a path that loses them.
func TestForwardingKeepsCongestionMarksAndSegments(t *testing.T) {
	s := startServer(t)
	p := introduced(t, s, true, true)
	sender, receiver := offload.New(p.alice.udp), offload.New(p.bob.udp)
	buffer := superBuffer(p.session, 5)
	if err := sender.Write(buffer, 1200, 2, udpAddr(s, mainPort)); err != nil {
		t.Fatal(err)
	}
	_ = receiver.SetReadDeadline(time.Now().Add(hangGuard))
	batch := []offload.Datagrams{{Buffer: make([]byte, offload.BufferSize)}}
	if _, err := receiver.ReadBatch(batch); err != nil {
		t.Fatal(err)
	}
	if got := batch[0]; got.ECN != 2 || got.SegmentSize != 1200 || len(got.Buffer) != len(buffer) {
		t.Errorf("arrived as %d bytes in segments of %d with mark %d", len(got.Buffer), got.SegmentSize, got.ECN)
	}
}

// On a host with several addresses, answers and relayed frames must leave from
// the one the peer sends to: its NAT lets no other in.
func TestEverythingLeavesFromTheAddressAsked(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:0", ":0"} {
		t.Run(listen, func(t *testing.T) {
			s := startServer(t, func(c *Config) { c.Listen = listen })
			asked := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.9"), s.Addr().Port())
			alice, bob := newClient(t, s), newClient(t, s)
			for name, c := range map[string]*client{"alice": alice, "bob": bob} {
				c.at = asked
				c.login(wire.Hello{Name: name, Token: token(t, s, 1), Candidates: []wire.Candidate{c.observed()}})
			}
			alice.send(wire.Ping{Nonce: 1})
			await[wire.Pong](alice)
			introduction, _ := alice.talkTo(bob, wire.Talk{})
			alice.relay(introduction.Session, []byte("hello"), true)
			buffer := make([]byte, 100)
			_ = bob.udp.SetReadDeadline(time.Now().Add(hangGuard))
			n, from, err := bob.udp.ReadFromUDPAddrPort(buffer)
			if err != nil || from != asked || n != wire.RelayHeaderSize+len("hello") {
				t.Errorf("%d bytes from %v, %v; want them from %v", n, from, err, asked)
			}
		})
	}
}
