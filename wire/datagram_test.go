package wire

import (
	"testing"

	"github.com/pion/stun/v3"
)

func TestClassify(t *testing.T) {
	probe := Probe{Session: exampleSession}.Append(nil, exampleProbeKey)
	reply := ProbeReply{Session: exampleSession, Observed: exampleEndpoint}.Append(nil, exampleProbeKey)
	relay := append(AppendRelayHeader(nil, exampleSession), 0x40)
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
		{"an old STUN request without cookie", make([]byte, 20), DatagramUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Classify(c.d); got != c.want {
				t.Errorf("classified as %v, want %v", got, c.want)
			}
		})
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
	f.Fuzz(func(t *testing.T, d []byte) {
		kind := Classify(d)
		ProbeSession(d)
		_, _, relay := ParseRelayHeader(d)
		for name, ok := range map[string]bool{
			"login":       decoders["login"](d) != nil || kind == DatagramBindingRequest || kind == DatagramProbe,
			"accept":      decoders["accept"](d) != nil || kind == DatagramBindingResponse || kind == DatagramProbeReply,
			"probe":       decoders["probe"](d) != nil || kind == DatagramProbe,
			"probe reply": decoders["probe reply"](d) != nil || kind == DatagramProbeReply,
			"relay":       !relay || kind == DatagramRelay,
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
