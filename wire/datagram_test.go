package wire

import (
	"testing"

	"github.com/pion/stun/v3"
)

func TestClassify(t *testing.T) {
	probe := Probe{Session: exampleSession}.Append(nil, exampleProbeKey)
	reply := ProbeReply{Session: exampleSession, Observed: exampleEndpoint}.Append(nil, exampleProbeKey)
	relay := append(AppendRelayHeader(nil, exampleSession), 0x40)
	talk := ClassicTalk{Time: "3:21", Name: "alice", Text: "hello"}
	disguised := append(AppendRelayHeader(nil, SessionID{0, 0, 0, 0x21, 0x12, 0xA4, 0x42}), 0, 0, 0)
	for _, c := range []struct {
		name string
		d    []byte
		want DatagramKind
	}{
		{"nothing", nil, DatagramUnknown},
		{"a QUIC short header", []byte{0x40}, DatagramQUIC},
		{"a QUIC long header", []byte{0xc3, 0, 0, 0, 1}, DatagramQUIC},
		{"a QUIC packet whose fixed bit is clear", []byte{0x80, 0, 0, 0, 1}, DatagramUnknown},
		{"a login", Login{}.Append(nil), DatagramBindingRequest},
		{"any client's Binding request", BindingRequest{}.Append(nil), DatagramBindingRequest},
		{"an accept", Accept{Observed: exampleEndpoint}.Append(nil), DatagramBindingResponse},
		{"any server's Binding response", BindingResponse{Observed: exampleEndpoint}.Append(nil), DatagramBindingResponse},
		{"a Binding error", UnknownAttributesError{count: 1}.Append(nil), DatagramUnknown},
		{"a Binding indication", stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodBinding, stun.ClassIndication)).Raw, DatagramUnknown},
		{"a probe", probe, DatagramProbe},
		{"a probe cut after the session", probe[:40], DatagramUnknown},
		{"a probe reply", reply, DatagramProbeReply},
		{"a relay datagram", relay, DatagramRelay},
		{"a relay header alone", relay[:RelayHeaderSize], DatagramUnknown},
		{"a relay datagram with STUN's cookie inside", disguised, DatagramRelay},
		{"a classic talk", classicDatagram(t, talk, ClassicUTF8), DatagramClassic},
		{"a classic talk in .NET's encoding", classicDatagram(t, talk, ClassicDotNET), DatagramClassic},
		{"the first letters of a talk", []byte("talk"), DatagramQUIC},
		{"the first letters of a talk, .NET's encoding", []byte("t\x00a\x00l\x00k\x00,"), DatagramQUIC},
		{"a talk in capitals", []byte("TALK,3:21,alice,hello"), DatagramQUIC},
		{"another classic message", []byte("login,alice,192.0.2.1:9"), DatagramQUIC},
		{"an old STUN request without cookie", make([]byte, 20), DatagramUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Classify(c.d); got != c.want {
				t.Errorf("classified as %v, want %v", got, c.want)
			}
		})
	}
}

func classicDatagram(t testing.TB, m ClassicMessage, encoding ClassicEncoding) []byte {
	t.Helper()
	d, err := AppendClassic(nil, m, encoding)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A QUIC packet with a short header is classified by its first octet and its
// connection ID, so the IDs that MistakenForClassic leaves are safe.
func TestNoPacketToAnAllowedConnectionIDIsTakenForATalk(t *testing.T) {
	for name, c := range map[string]struct {
		id      string
		refused bool
	}{
		"as a talk goes on":                      {"alk,\x00\x00\x00\x00", true},
		"as a talk goes on in .NET's encoding":   {"\x00a\x00l\x00k\x00,", true},
		"short of a talk by a letter":            {"alk.\x00\x00\x00\x00", false},
		"short of .NET's by a letter":            {"\x00a\x00l\x00k\x00.", false},
		"four octets":                            {"alk,", true},
		"longer than the first octets of a talk": {"\x00a\x00l\x00k\x00,\x00\x00\x00", true},
		"longer, and other than a talk":          {"\x00a\x00l\x00k\x00,\x01\x00\x00", false},
	} {
		if got := MistakenForClassic([]byte(c.id)); got != c.refused {
			t.Errorf("%s: %v, want %v", name, got, c.refused)
		}
		packet := append([]byte{'t'}, c.id...)
		if !c.refused && Classify(append(packet, 0, 0, 0, 0)) != DatagramQUIC {
			t.Errorf("%s: a packet is taken for a talk", name)
		}
	}
}

func TestProbeSessionIsReadBeforeTheKeyIsKnown(t *testing.T) {
	for _, d := range [][]byte{
		Probe{Session: exampleSession}.Append(nil, exampleProbeKey),
		ProbeReply{Session: exampleSession, Observed: exampleEndpoint6}.Append(nil, exampleProbeKey),
	} {
		if session, ok := ProbeSession(d); !ok || session != exampleSession {
			t.Errorf("session is %v, %v", session, ok)
		}
	}
	for _, d := range [][]byte{nil, Login{}.Append(nil), AppendRelayHeader(nil, exampleSession)} {
		if session, ok := ProbeSession(d); ok {
			t.Errorf("%x names session %v", d, session)
		}
	}
}

// Whatever a decoder accepts was classified as its kind, so that a reader may
// dispatch by Classify alone.
func FuzzClassify(f *testing.F) {
	for _, name := range []string{"login", "accept", "probe", "probe_reply", "binding_request", "binding_response"} {
		for _, v := range readVectors(f, name) {
			f.Add(unhex(f, v.Hex))
		}
	}
	for _, v := range readVectors(f, "classic") {
		f.Add(unhex(f, v.Hex))
	}
	f.Fuzz(func(t *testing.T, d []byte) {
		kind := Classify(d)
		ProbeSession(d)
		classic, _, _ := ParseClassic(d)
		_, talk := classic.(ClassicTalk)
		_, _, relay := ParseRelayHeader(d)
		for name, ok := range map[string]bool{
			"login":        decoders["login"](d) != nil || kind == DatagramBindingRequest || kind == DatagramProbe,
			"accept":       decoders["accept"](d) != nil || kind == DatagramBindingResponse || kind == DatagramProbeReply,
			"probe":        decoders["probe"](d) != nil || kind == DatagramProbe,
			"probe reply":  decoders["probe reply"](d) != nil || kind == DatagramProbeReply,
			"relay":        !relay || kind == DatagramRelay,
			"talk":         !talk || kind == DatagramClassic,
			"short header": len(d) < 9 || d[0]&0xc0 != 0x40 || MistakenForClassic(d[1:9]) || kind == DatagramQUIC,
		} {
			if !ok {
				t.Errorf("%x is a %s, but classified as %v", d, name, kind)
			}
		}
	})
}

func BenchmarkClassify(b *testing.B) {
	d := Probe{Session: exampleSession}.Append(nil, exampleProbeKey)
	b.ReportAllocs()
	for b.Loop() {
		if Classify(d) != DatagramProbe {
			b.Fatal("not a probe")
		}
	}
}
