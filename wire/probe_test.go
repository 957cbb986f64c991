package wire

import (
	"bytes"
	"testing"
)

var probeTestCodec = probeCodec("probe", ParseProbe)

func TestProbeVectors(t *testing.T) {
	probeTestCodec.testVectors(t, example[Probe]{"a probe (key: c0 c1 … df)", Probe{
		TransactionID: exampleTransaction, Session: exampleSession,
	}}, example[Probe]{"a full probe (the same key)", Probe{
		TransactionID: exampleTransaction, Session: exampleSession, Full: true,
	}})
}

func TestProbeIsAsLargeAsTheLargestReply(t *testing.T) {
	probe := Probe{}.Append(nil, exampleProbeKey)
	reply := ProbeReply{Observed: exampleEndpoint6}.Append(nil, exampleProbeKey)
	if len(probe) != ProbeSize || len(reply) != ProbeSize {
		t.Errorf("probe is %d, reply is %d bytes, want %d", len(probe), len(reply), ProbeSize)
	}
}

func TestFullProbeIsAsLargeAsASessionsPackets(t *testing.T) {
	if probe := (Probe{Full: true}).Append(nil, exampleProbeKey); len(probe) != FullProbeSize {
		t.Errorf("full probe is %d bytes, want %d", len(probe), FullProbeSize)
	}
}

func TestProbeMadeWithAnotherKeyIsForged(t *testing.T) {
	d := Probe{TransactionID: exampleTransaction, Session: exampleSession}.Append(nil, ProbeKey{1})
	if _, err := ParseProbe(d, exampleProbeKey); err != ErrForged {
		t.Errorf("error is %v, want %v", err, ErrForged)
	}
}

// An attacker who repairs the fingerprint after changing a bit still fails.
func TestNoBitOfAProbeOrReplyCanBeChanged(t *testing.T) {
	probe := Probe{TransactionID: exampleTransaction, Session: exampleSession}.Append(nil, exampleProbeKey)
	reply := ProbeReply{TransactionID: exampleTransaction, Session: exampleSession, Observed: exampleEndpoint}.Append(nil, exampleProbeKey)
	for bit := range 8 * (len(probe) - fingerprintSize) {
		d := flip(bytes.Clone(probe), bit/8, 1<<(bit%8))
		if _, err := ParseProbe(d, exampleProbeKey); err == nil && !bytes.Equal(d, probe) {
			t.Errorf("probe: bit %d of byte %d can be changed", bit%8, bit/8)
		}
	}
	for bit := range 8 * (len(reply) - fingerprintSize) {
		d := flip(bytes.Clone(reply), bit/8, 1<<(bit%8))
		if _, err := ParseProbeReply(d, exampleProbeKey); err == nil && !bytes.Equal(d, reply) {
			t.Errorf("reply: bit %d of byte %d can be changed", bit%8, bit/8)
		}
	}
}

func TestPaddingOfAFullProbeCannotBeChanged(t *testing.T) {
	probe := Probe{TransactionID: exampleTransaction, Session: exampleSession, Full: true}.Append(nil, exampleProbeKey)
	for at := 0; at < len(probe)-fingerprintSize; at += 7 {
		if _, err := ParseProbe(repairSTUN(flip(bytes.Clone(probe), at, 1)), exampleProbeKey); err == nil {
			t.Errorf("byte %d can be changed", at)
		}
	}
}

func TestProbeRefuses(t *testing.T) {
	whole := func() []byte {
		return Probe{TransactionID: exampleTransaction, Session: exampleSession}.Append(nil, exampleProbeKey)
	}
	second := whole()
	copy(second[40:], second[20:40]) // SESSION again, over the padding
	early := whole()
	copy(early[40:], whole()[64:84]) // MAC, then PADDING
	copy(early[60:], whole()[40:64])
	for name, c := range map[string]struct {
		d    []byte
		want error
	}{
		"nothing":                      {nil, errSize},
		"a reply":                      {ProbeReply{Observed: exampleEndpoint6}.Append(nil, exampleProbeKey), errType},
		"trailing garbage":             {append(whole(), 0), errSize},
		"a broken fingerprint":         {append(whole()[:ProbeSize-1], 0), errFingerprint},
		"SESSION twice":                {repairProbe(second), errTwice},
		"a session of fewer bytes":     {repairProbe(flip(whole(), 23, 4)), errMissing},
		"padding that must be known":   {repairProbe(flip(whole(), 40, 0x80)), errUnknown},
		"no MAC":                       {flip(whole(), 65, 1), errMissing},
		"MAC before PADDING":           {repairSTUN(early), errAttribute},
		"a MAC of fewer bytes":         {flip(whole(), 67, 4), errAttribute},
		"an attribute of 0xffff bytes": {flip(flip(whole(), 42, 0xff), 43, 0xff^20), errAttribute},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ParseProbe(c.d, exampleProbeKey); err != c.want {
				t.Errorf("error is %v, want %v", err, c.want)
			}
		})
	}
}

func FuzzParseProbe(f *testing.F) { probeTestCodec.fuzz(f) }

func BenchmarkProbe(b *testing.B) {
	m := Probe{TransactionID: exampleTransaction, Session: exampleSession}
	d := make([]byte, 0, ProbeSize)
	b.ReportAllocs()
	for b.Loop() {
		d = m.Append(d[:0], exampleProbeKey)
		if _, err := ParseProbe(d, exampleProbeKey); err != nil {
			b.Fatal(err)
		}
	}
}
