package rendezvous

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"peerd/internal/offload"
	"peerd/wire"
)

// FuzzReceive feeds the UDP ports whatever a stranger may send, cut into
// segments of whatever size: it must not panic.
func FuzzReceive(f *testing.F) {
	s, err := Open(Config{Listen: "127.0.0.1:0", StateDir: f.TempDir(), SecondAddresses: []string{secondLoopback.String()}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	login := wire.Login{TransactionID: wire.TransactionID{1}}.Append(nil)
	f.Add(login, uint16(len(login)))
	f.Add(append(login, login...), uint16(len(login)))
	f.Add(wire.BindingRequest{Change: wire.Change{Port: true}}.Append(nil), uint16(28))
	f.Add(wire.Login{Change: wire.Change{Address: true, Port: true}}.Append(nil), uint16(len(login)))
	f.Add(append(wire.AppendRelayHeader(nil, wire.SessionID{1}), "payload"...), uint16(20))
	now := time.Unix(1_800_000_000, 0)
	from := netip.MustParseAddrPort("127.0.0.1:9")
	f.Fuzz(func(t *testing.T, datagrams []byte, segment uint16) {
		if len(datagrams) == 0 || segment == 0 {
			return
		}
		for _, socket := range s.udp {
			s.receive(socket, &offload.Datagrams{
				Buffer: datagrams, SegmentSize: min(int(segment), len(datagrams)), From: from,
			}, now)
		}
	})
}

// FuzzHandle feeds a logged-in peer's connection whatever frames it may send.
func FuzzHandle(f *testing.F) {
	s := startServer(f)
	alice, bob := join(f, s, "alice"), join(f, s, "bob")
	for _, c := range []*client{alice, bob} {
		messages := c.messages
		go func() {
			for range messages {
				continue
			}
		}()
	}
	waitUntil(f, "both are online", func() bool { return len(s.hub.connections()) == 2 })
	var caller *connection
	for _, c := range s.hub.connections() {
		if c.key == alice.key() {
			caller = c
		}
	}
	for _, m := range []wire.Message{
		wire.Talk{To: bob.key(), Sealed: []byte("sealed"), Candidates: []wire.Candidate{
			{Endpoint: netip.MustParseAddrPort("192.0.2.1:1"), Kind: wire.CandidateObserved, Cookie: wire.Cookie{1}}}},
		wire.Endpoints{}, wire.Ping{Nonce: 1}, wire.Pong{Nonce: 1}, wire.Prekey{Prekey: wire.SignedPrekey{ID: 1}},
		wire.Relay{Session: wire.SessionID{1}, Payload: []byte("x")}, wire.Goodbye{Reason: "bye"},
		wire.Envelope{Session: wire.SessionID{1}, Sealed: []byte("x")},
	} {
		body, err := m.AppendBody(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(m.Kind()), body)
	}
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		_ = s.handle(caller, wire.Kind(kind), body, time.Now())
	})
}

// FuzzFirstFrame feeds the first frame of a stranger.
func FuzzFirstFrame(f *testing.F) {
	hello, err := wire.AppendFrame(nil, wire.Hello{Version: wire.Version, Name: "alice", Instance: wire.Instance{1}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(hello)
	f.Add([]byte{byte(wire.KindHello), 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, stream []byte) {
		_, body, err := readFirstFrame(bytes.NewReader(stream))
		if err == nil && len(body) > maxHello {
			t.Errorf("took a first frame of %d bytes", len(body))
		}
	})
}
