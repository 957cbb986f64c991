package rendezvous

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"peerd/internal/offload"
	"peerd/wire"
)

// relayPair is two introduced peers.
type relayPair struct {
	alice, bob *client
	session    wire.SessionID
}

// introduced logs alice and bob in and introduces them; those of whom it is
// said have a proven UDP endpoint.
func introduced(t testing.TB, s *Server, aliceUDP, bobUDP bool) relayPair {
	t.Helper()
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	for _, c := range []struct {
		client *client
		udp    bool
	}{{alice, aliceUDP}, {bob, bobUDP}} {
		if c.udp {
			c.client.send(wire.Endpoints{Candidates: []wire.Candidate{c.client.observed()}}, wire.Ping{Nonce: 1})
			await[wire.Pong](c.client)
		}
	}
	introduction, _ := alice.talkTo(bob, wire.Talk{})
	return relayPair{alice, bob, introduction.Session}
}

// relay sends a payload to the other peer, over UDP or in the control connection.
func (c *client) relay(session wire.SessionID, payload []byte, udp bool) {
	c.t.Helper()
	if !udp {
		c.send(wire.Relay{Session: session, Payload: payload})
		return
	}
	datagram := append(wire.AppendRelayHeader(nil, session), payload...)
	if _, err := c.socket().WriteToUDPAddrPort(datagram, c.udpAt(mainPort)); err != nil {
		c.t.Fatal(err)
	}
}

// relayed returns the next relayed payload.
func (c *client) relayed(session wire.SessionID, udp bool) []byte {
	c.t.Helper()
	if !udp {
		m := await[wire.Relay](c)
		if m.Session != session {
			c.t.Errorf("relayed under session %v, want %v", m.Session, session)
		}
		return m.Payload
	}
	got, payload, ok := wire.ParseRelayHeader(c.datagram())
	if !ok || got != session {
		c.t.Errorf("relayed under session %v, want %v", got, session)
	}
	return payload
}

func TestRelayInEveryCombination(t *testing.T) {
	for _, c := range []struct {
		name             string
		aliceUDP, bobUDP bool
	}{
		{"UDP to UDP", true, true},
		{"UDP to control", true, false},
		{"control to UDP", false, true},
		{"control to control", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := introduced(t, startServer(t), c.aliceUDP, c.bobUDP)
			small, large := []byte("?"), bytes.Repeat([]byte("x"), wire.MaxRelayedDatagram)
			for _, payload := range [][]byte{small, large} {
				p.alice.relay(p.session, payload, c.aliceUDP)
				if got := p.bob.relayed(p.session, c.bobUDP); !bytes.Equal(got, payload) {
					t.Errorf("bob got %d bytes, want %d", len(got), len(payload))
				}
				p.bob.relay(p.session, payload, c.bobUDP)
				if got := p.alice.relayed(p.session, c.aliceUDP); !bytes.Equal(got, payload) {
					t.Errorf("alice got %d bytes, want %d", len(got), len(payload))
				}
			}
		})
	}
}

func TestSuperBufferIsForwardedSegmentBySegment(t *testing.T) {
	p := introduced(t, startServer(t), true, true)
	sender := offload.New(p.alice.udp)
	var buffer []byte
	for i := range 10 {
		buffer = append(buffer, wire.AppendRelayHeader(nil, p.session)...)
		buffer = append(buffer, bytes.Repeat([]byte{byte(i)}, 1200-wire.RelayHeaderSize)...)
	}
	if err := sender.Write(buffer, 1200, 0, udpAddr(p.alice.server, mainPort)); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if got := p.bob.relayed(p.session, true); len(got) != 1200-wire.RelayHeaderSize || got[0] != byte(i) {
			t.Fatalf("datagram %d arrived as %d bytes of %d", i, len(got), got[0])
		}
	}
}

// A super-buffer of two sessions must be taken apart.
func TestMixedSuperBufferReachesBothAddressees(t *testing.T) {
	s := startServer(t)
	p := introduced(t, s, true, true)
	carol := join(t, s, "carol")
	withCarol, _ := p.alice.talkTo(carol, wire.Talk{})
	one := append(wire.AppendRelayHeader(nil, p.session), "for bob"...)
	two := append(wire.AppendRelayHeader(nil, withCarol.Session), "for car"...)
	buffer := append(one, two...)
	if err := offload.New(p.alice.udp).Write(buffer, len(one), 0, udpAddr(s, mainPort)); err != nil {
		t.Fatal(err)
	}
	if got := p.bob.relayed(p.session, true); string(got) != "for bob" {
		t.Errorf("bob got %q", got)
	}
	if got := carol.relayed(withCarol.Session, false); string(got) != "for car" {
		t.Errorf("carol got %q", got)
	}
}

// What must never be relayed. Each is followed by an honest frame, which must
// be the first to arrive. There is no address in a relay frame, so there is none of
// the server's own to name either (coturn's CVE-2020-26262 and CVE-2026-27624).
func TestT12NothingForeignIsRelayed(t *testing.T) {
	s := startServer(t)
	p := introduced(t, s, true, true)
	carol := join(t, s, "carol")
	carol.send(wire.Endpoints{Candidates: []wire.Candidate{carol.observed()}}, wire.Ping{Nonce: 1})
	await[wire.Pong](carol)
	stranger := newClient(t, s)
	honestly := 0 // bytes
	honest := func(payload string) {
		p.alice.relay(p.session, []byte(payload), true)
		if got := p.bob.relayed(p.session, true); string(got) != payload {
			t.Errorf("bob got %d bytes: %.10q", len(got), got)
		}
		honestly += wire.RelayHeaderSize + len(payload)
	}
	cases := []struct {
		name string
		send func()
	}{
		{"a stranger who knows the session", func() { stranger.relay(p.session, []byte("evil"), true) }},
		{"another member who knows the session", func() { carol.relay(p.session, []byte("evil"), true) }},
		{"another member in the control connection", func() {
			carol.relay(p.session, []byte("evil"), false)
			carol.send(wire.Ping{Nonce: 2})
			await[wire.Pong](carol)
		}},
		{"an honest datagram again, from elsewhere", func() {
			honest("sent again")
			stranger.relay(p.session, []byte("sent again"), true)
			carol.relay(p.session, []byte("sent again"), true)
		}},
		{"a session that does not exist", func() { p.alice.relay(wire.SessionID{1}, []byte("evil"), true) }},
		{"a frame above the limit", func() {
			p.alice.relay(p.session, make([]byte, wire.MaxRelayedDatagram+1), true)
		}},
		{"a header without payload", func() { p.alice.relay(p.session, nil, true) }},
		{"a session called like an address", func() {
			for _, address := range []string{"0.0.0.0", "::ffff:127.0.0.1", "::127.0.0.1", "127.0.0.1", "::1", "64:ff9b::7f00:1"} {
				for _, udp := range []bool{true, false} {
					p.alice.relay(wire.SessionID(netip.MustParseAddr(address).As16()), []byte("evil"), udp)
				}
			}
			p.alice.send(wire.Ping{Nonce: 3})
			await[wire.Pong](p.alice)
		}},
		{"the other port", func() {
			datagram := append(wire.AppendRelayHeader(nil, p.session), "evil"...)
			_, _ = p.alice.udp.WriteToUDPAddrPort(datagram, udpAddr(s, otherPort))
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.send()
			honest("honest")
			if got := s.counters.relayedBytes.Load(); got != uint64(honestly) {
				t.Errorf("%d bytes were relayed to anybody, want %d", got, honestly)
			}
		})
	}
}

func TestT12RelayOverTheQuotaIsDropped(t *testing.T) {
	s := startServer(t, func(c *Config) { c.RelayRate = 1 })
	p := introduced(t, s, false, false)
	payload := make([]byte, wire.MaxRelayedDatagram)
	fit := wire.MaxSealed / len(payload) // the smallest burst
	for range fit + 5 {
		p.alice.relay(p.session, payload, false)
	}
	p.alice.send(wire.Ping{Nonce: 1})
	await[wire.Pong](p.alice)
	if got := s.counters.relayOverQuota.Load(); got != 5 {
		t.Errorf("%d frames dropped, want 5", got)
	}
	p.bob.relay(p.session, []byte("bob has a quota of his own"), false)
	p.alice.relayed(p.session, false)
}

func TestT12RelayEndsWithTheLogin(t *testing.T) {
	s := startServer(t)
	p := introduced(t, s, true, true)
	p.bob.send(wire.Goodbye{})
	p.alice.awaitRow(p.bob.key(), offline)
	p.alice.relay(p.session, []byte("too late"), false)
	p.alice.send(wire.Ping{Nonce: 2})
	await[wire.Pong](p.alice)
	if got := s.counters.relayForeign.Load(); got != 1 {
		t.Errorf("%d frames without a session, want 1", got)
	}
	if sessions, endpoints := s.relay.count(); sessions != 0 || endpoints != 1 {
		t.Errorf("%d sessions and %d endpoints left, want none and alice's", sessions, endpoints)
	}
}

func TestT12RoutesBelongToKeysAndSessions(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	a, b, c := &connection{key: wire.Key{1}}, &connection{key: wire.Key{2}}, &connection{key: wire.Key{3}}
	here, there := netip.MustParseAddrPort("192.0.2.1:1000"), netip.MustParseAddrPort("192.0.2.2:2000")
	id := wire.SessionID{9}

	t.Run("an idle session is forgotten, a used one is not", func(t *testing.T) {
		table := newRelayTable()
		table.open(id, a, b, start)
		table.other(a, id, start.Add(sessionIdle))
		table.forgetIdle(b, start.Add(sessionIdle+time.Minute))
		if table.other(b, id, start.Add(sessionIdle+time.Minute)) != a {
			t.Error("a session in use was forgotten")
		}
		table.forgetIdle(a, start.Add(3*sessionIdle))
		if table.other(b, id, start) != nil {
			t.Error("an idle session is still there")
		}
	})
	t.Run("sessions of one key are bounded", func(t *testing.T) {
		table := newRelayTable()
		for i := range maxSessionsPerKey {
			if !table.open(wire.SessionID{byte(i), byte(i >> 8)}, a, &connection{}, start) {
				t.Fatalf("session %d refused", i)
			}
		}
		if table.open(wire.SessionID{0, 0, 1}, b, a, start) {
			t.Error("one too many was taken")
		}
	})
	t.Run("an endpoint that changed hands is the new owner's", func(t *testing.T) {
		table := newRelayTable()
		table.prove(a, []netip.AddrPort{here}, start)
		table.prove(b, []netip.AddrPort{here}, start)
		table.prove(a, nil, start)
		if table.proved(a, here) || !table.proved(b, here) {
			t.Error("the former owner's end took the endpoint from its new owner")
		}
	})
	t.Run("the endpoint heard from last is sent to, while it is fresh", func(t *testing.T) {
		table := newRelayTable()
		table.prove(c, []netip.AddrPort{here, there}, start)
		table.heard(observer{}, there, netip.Addr{}, start.Add(10*time.Second))
		if p := c.udp.Load(); p.endpoint != there {
			t.Errorf("sends to %v, want %v", p.endpoint, there)
		}
		if p := c.udp.Load(); !p.freshAt(start.Add(10*time.Second+udpFresh)) || p.freshAt(start.Add(12*time.Second+udpFresh)) {
			t.Error("freshness does not end when it should")
		}
		table.prove(c, []netip.AddrPort{here}, start.Add(20*time.Second))
		if p := c.udp.Load(); p.endpoint != here {
			t.Errorf("after the endpoint changed, sends to %v, want %v", p.endpoint, here)
		}
	})
	t.Run("a connection that has ended gets nothing back", func(t *testing.T) {
		table := newRelayTable()
		table.forget(c)
		table.prove(c, []netip.AddrPort{here}, start)
		if table.open(id, a, c, start) || table.proved(c, here) {
			t.Error("it did")
		}
	})
}
