package wire

import (
	"net/netip"
	"testing"
)

var acceptCodec = datagramCodec("accept", ParseAccept)

func TestAcceptVectors(t *testing.T) {
	acceptCodec.testVectors(t,
		example[Accept]{"over IPv4", Accept{
			TransactionID: exampleTransaction, Observed: exampleEndpoint, ControlPort: 7700, OtherPort: 7701, Cookie: exampleCookie,
		}},
		example[Accept]{"over IPv6, without another port", Accept{
			TransactionID: exampleTransaction, Observed: exampleEndpoint6, ControlPort: 7700, Cookie: exampleCookie,
		}},
		example[Accept]{"over IPv4, with another address", Accept{
			TransactionID: exampleTransaction, Observed: exampleEndpoint, ControlPort: 7700, OtherPort: 7701,
			OtherAddr: netip.MustParseAddr("203.0.113.2"), Cookie: exampleCookie,
		}},
		example[Accept]{"over IPv6, with another address", Accept{
			TransactionID: exampleTransaction, Observed: exampleEndpoint6, ControlPort: 7700, OtherPort: 7701,
			OtherAddr: netip.MustParseAddr("2001:db8::2"), Cookie: exampleCookie,
		}},
	)
}

func TestAcceptRefuses(t *testing.T) {
	whole := Accept{TransactionID: exampleTransaction, Observed: exampleEndpoint, ControlPort: 7700, Cookie: exampleCookie}
	portless := whole
	portless.ControlPort = 0
	portlessOther := whole
	portlessOther.OtherAddr = netip.MustParseAddr("203.0.113.2")
	foreign := whole
	foreign.OtherAddr, foreign.OtherPort = netip.MustParseAddr("2001:db8::2"), 7701
	elsewhere := portlessOther
	elsewhere.OtherPort = 7701
	otherPortAt := len(elsewhere.Append(nil)) - fingerprintSize - 5
	unspecified := whole.Append(nil)
	copy(unspecified[28:], []byte{0x21, 0x12, 0xA4, 0x42})
	plain := BindingResponse{TransactionID: exampleTransaction, Observed: exampleEndpoint}.Append(nil)
	for name, c := range map[string]struct {
		d    []byte
		want error
	}{
		"nothing":                           {nil, errNotSTUN},
		"a login":                           {Login{}.Append(nil), errType},
		"another server's answer":           {plain, errMissing},
		"no control port":                   {portless.Append(nil), errAttribute},
		"another address without a port":    {portlessOther.Append(nil), errEndpoint},
		"another address of another family": {foreign.Append(nil), errEndpoint},
		"another address at a third port":   {flip(elsewhere.Append(nil), otherPortAt, 1), errEndpoint},
		"observed at 0.0.0.0":               {repairSTUN(unspecified), errEndpoint},
		"trailing garbage":                  {append(whole.Append(nil), 0, 0, 0, 0), errNotSTUN},
		"attributes after FINGERPRINT":      {repairSTUN(append(whole.Append(nil), make([]byte, 8)...)), errAttribute},
		"larger than any login":             {make([]byte, LoginSize+4), errSize},
		"an address of an unknown family":   {flip(whole.Append(nil), 25, 7), errEndpoint},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ParseAccept(c.d); err != c.want {
				t.Errorf("error is %v, want %v", err, c.want)
			}
		})
	}
}

// flip changes bits of one byte and repairs the fingerprint.
func flip(d []byte, i int, bits byte) []byte {
	d[i] ^= bits
	return repairSTUN(d)
}

func FuzzParseAccept(f *testing.F) { acceptCodec.fuzz(f) }

func BenchmarkParseAccept(b *testing.B) {
	d := Accept{Observed: exampleEndpoint6, ControlPort: 7700, Cookie: exampleCookie}.Append(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseAccept(d); err != nil {
			b.Fatal(err)
		}
	}
}
