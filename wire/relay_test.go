package wire

import (
	"bytes"
	"testing"
)

var relayCodec = func() codec[Relay] {
	c := bodyCodec("relay", ParseRelay)
	c.aliases = true
	return c
}()

func TestRelayVectors(t *testing.T) {
	relayCodec.testVectors(t,
		example[Relay]{"one byte", Relay{Session: exampleSession, Payload: []byte{0x40}}},
		example[Relay]{"a datagram", Relay{Session: exampleSession, Payload: []byte("an encrypted QUIC packet")}},
	)
}

func TestRelayRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"nothing":              {nil, "parse relay: session is missing"},
		"half a session":       {exampleSession[:8], "session is missing"},
		"no payload":           {exampleSession[:], "payload is missing"},
		"a payload too large":  {make([]byte, 16+MaxRelayedDatagram+1), "payload has 1501 bytes, the limit is 1500"},
		"a body as long as is": {make([]byte, MaxBody), "payload has 73712 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseRelay(c.body)
			wantError(t, err, c.want)
		})
	}
	_, err := Relay{Session: exampleSession}.AppendBody(nil)
	wantError(t, err, "encode relay: payload is missing")
}

func TestRelayPayloadAliasesTheBody(t *testing.T) {
	body := append(exampleSession[:], "payload"...)
	m, err := ParseRelay(body)
	if err != nil {
		t.Fatal(err)
	}
	body[16] = 'P'
	if string(m.Payload) != "Payload" {
		t.Errorf("payload is %q: it was copied", m.Payload)
	}
}

func TestRelayDatagram(t *testing.T) {
	d := append(AppendRelayHeader(nil, exampleSession), "payload"...)
	session, payload, ok := ParseRelayHeader(d)
	if !ok || session != exampleSession || string(payload) != "payload" {
		t.Fatalf("parsed %v, %q, %v", session, payload, ok)
	}
	if &payload[0] != &d[RelayHeaderSize] {
		t.Error("the payload was copied")
	}
	for size := range RelayHeaderSize + 1 {
		if _, _, ok := ParseRelayHeader(d[:size]); ok {
			t.Errorf("%d bytes pass for a relay datagram", size)
		}
	}
	d[0] = 0x21
	if _, _, ok := ParseRelayHeader(d); ok {
		t.Error("another first byte passes for a relay datagram")
	}
}

func FuzzParseRelay(f *testing.F) { relayCodec.fuzz(f) }

func FuzzParseRelayHeader(f *testing.F) {
	f.Add(append(AppendRelayHeader(nil, exampleSession), "payload"...))
	f.Fuzz(func(t *testing.T, d []byte) {
		session, payload, ok := ParseRelayHeader(d)
		if ok && !bytes.Equal(append(AppendRelayHeader(nil, session), payload...), d) {
			t.Errorf("%x is taken apart, but not put together again", d)
		}
	})
}

func BenchmarkRelayHeader(b *testing.B) {
	d := append(AppendRelayHeader(nil, exampleSession), make([]byte, 1252)...)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := ParseRelayHeader(AppendRelayHeader(d[:0], exampleSession)[:len(d)]); !ok {
			b.Fatal("refused")
		}
	}
}
