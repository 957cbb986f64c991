package wire

import (
	"net/netip"
	"testing"
)

var probeReplyCodec = probeCodec("probe_reply", ParseProbeReply)

func TestProbeReplyVectors(t *testing.T) {
	probeReplyCodec.testVectors(t,
		example[ProbeReply]{"over IPv4 (key: c0 c1 … df)", ProbeReply{
			TransactionID: exampleTransaction, Session: exampleSession, Observed: exampleEndpoint,
		}},
		example[ProbeReply]{"over IPv6 (key: c0 c1 … df)", ProbeReply{
			TransactionID: exampleTransaction, Session: exampleSession, Observed: exampleEndpoint6,
		}},
	)
}

func TestProbeReplyRefuses(t *testing.T) {
	whole := ProbeReply{TransactionID: exampleTransaction, Session: exampleSession, Observed: exampleEndpoint}
	portless := whole
	portless.Observed = netip.AddrPortFrom(exampleEndpoint.Addr(), 0)
	for name, c := range map[string]struct {
		d    []byte
		want error
	}{
		"a probe":                {Probe{}.Append(nil, exampleProbeKey), errType},
		"another key":            {whole.Append(nil, ProbeKey{}), ErrForged},
		"observed at port 0":     {portless.Append(nil, exampleProbeKey), errEndpoint},
		"no observed endpoint":   {withoutObserved(), errMissing},
		"an answer without MAC":  {BindingResponse{Observed: exampleEndpoint}.Append(nil), errMissing},
		"larger than any probe":  {make([]byte, ProbeSize+4), errSize},
		"trailing garbage":       {append(whole.Append(nil, exampleProbeKey), 0, 0, 0, 0), errNotSTUN},
		"an empty MAC attribute": {flip(whole.Append(nil, exampleProbeKey), 55, 16), errAttribute},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ParseProbeReply(c.d, exampleProbeKey); err != c.want {
				t.Errorf("error is %v, want %v", err, c.want)
			}
		})
	}
}

func withoutObserved() []byte {
	size := stunHeaderSize + sessionAttributeSize + macAttributeSize + fingerprintSize
	d := appendSTUN(nil, bindingResponse, size, exampleTransaction)
	d = appendAttribute(d, attrSession, exampleSession[:])
	return appendFingerprint(appendMAC(d, 0, exampleProbeKey), 0)
}

func FuzzParseProbeReply(f *testing.F) { probeReplyCodec.fuzz(f) }

func BenchmarkProbeReply(b *testing.B) {
	m := ProbeReply{TransactionID: exampleTransaction, Session: exampleSession, Observed: exampleEndpoint}
	d := make([]byte, 0, ProbeSize)
	b.ReportAllocs()
	for b.Loop() {
		d = m.Append(d[:0], exampleProbeKey)
		if _, err := ParseProbeReply(d, exampleProbeKey); err != nil {
			b.Fatal(err)
		}
	}
}
