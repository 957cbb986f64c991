package rendezvous

import (
	"bytes"
	"net"
	"testing"
	"time"

	"peerd/wire"
)

// TestT09ADatagramReplayedFromElsewhereIsNotForwarded says what becomes of a relay
// datagram that somebody has recorded (threat T9). From any endpoint but the one that
// its sender has proved it goes nowhere. From that very endpoint, which takes
// somebody who can forge sources, it is forwarded again, as it would be by any
// router: the relay looks into nothing. That costs its sender's quota, and QUIC at
// the other end takes a packet once.
func TestT09ADatagramReplayedFromElsewhereIsNotForwarded(t *testing.T) {
	s := startServer(t)
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	for _, c := range []*client{alice, bob} {
		c.send(wire.Endpoints{Candidates: []wire.Candidate{c.observed()}})
	}
	waitUntil(t, "both have proved their endpoints", func() bool {
		_, endpoints := s.relay.count()
		return endpoints == 2
	})
	own, _ := alice.talkTo(bob, wire.Talk{})
	recorded := append(wire.AppendRelayHeader(nil, own.Session), "a packet"...)

	attacker, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer attacker.Close()
	for range 5 {
		if _, err := attacker.WriteToUDPAddrPort(recorded, udpAddr(s, mainPort)); err != nil {
			t.Fatal(err)
		}
	}
	waitUntil(t, "five foreign datagrams are counted", func() bool { return s.counters.relayForeign.Load() == 5 })
	if n := s.counters.relayedBytes.Load(); n != 0 {
		t.Errorf("%d octets were relayed for somebody who replays", n)
	}

	for range 5 {
		if _, err := alice.socket().WriteToUDPAddrPort(recorded, udpAddr(s, mainPort)); err != nil {
			t.Fatal(err)
		}
		if got := bob.datagram(); !bytes.Equal(got, recorded) {
			t.Errorf("bob got %q", got)
		}
	}
	waitUntil(t, "all five are counted", func() bool { return s.counters.relayedBytes.Load() == uint64(5*len(recorded)) })
	alice.send(wire.Goodbye{})
	waitUntil(t, "alice has logged out", func() bool {
		_, endpoints := s.relay.count()
		return endpoints == 1
	})
	before := s.counters.relayForeign.Load()
	if _, err := alice.socket().WriteToUDPAddrPort(recorded, udpAddr(s, mainPort)); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "a datagram of a login that has ended is foreign", func() bool { return s.counters.relayForeign.Load() == before+1 })
	_ = bob.socket().SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if n, err := bob.socket().Read(make([]byte, 100)); err == nil {
		t.Errorf("bob got %d octets more", n)
	}
}
