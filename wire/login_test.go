package wire

import (
	"testing"

	"github.com/pion/stun/v3"
)

var loginCodec = datagramCodec("login", ParseLogin)

func TestLoginVectors(t *testing.T) {
	loginCodec.testVectors(t,
		example[Login]{"a login", Login{TransactionID: exampleTransaction}},
		example[Login]{"to be answered from the other port", Login{TransactionID: exampleTransaction, Change: Change{Port: true}}},
		example[Login]{"to be answered from the other address and port", Login{
			TransactionID: exampleTransaction, Change: Change{Address: true, Port: true},
		}},
		example[Login]{"to be answered to another port", Login{TransactionID: exampleTransaction, ResponsePort: 40_001}},
	)
}

func TestLoginIsTheSmallestThatNoAcceptExceeds(t *testing.T) {
	login := Login{TransactionID: exampleTransaction}.Append(nil)
	if len(login) != LoginSize {
		t.Errorf("a login is %d bytes instead of %d", len(login), LoginSize)
	}
	accept := Accept{Observed: exampleEndpoint6, ControlPort: 7700, OtherPort: 7701, OtherAddr: exampleEndpoint6.Addr()}.Append(nil)
	if len(accept) != LoginSize {
		t.Errorf("an accept for IPv6 with another address is %d bytes instead of %d", len(accept), LoginSize)
	}
}

func TestLoginOfALaterVersionIsALogin(t *testing.T) {
	d := Login{TransactionID: exampleTransaction}.Append(nil)
	d[stunHeaderSize+attributeHeaderSize] = Version + 1
	d[stunHeaderSize+attributeHeaderSize+1] = 0xf8 // changes we do not know
	d[stunHeaderSize+attributeHeaderSize+4] = 0xff
	if m, err := ParseLogin(repairSTUN(d)); err != nil || m != (Login{TransactionID: exampleTransaction}) {
		t.Errorf("parsed %+v, %v", m, err)
	}
}

func TestLoginRefuses(t *testing.T) {
	at := func(i int, octet byte) []byte {
		d := Login{TransactionID: exampleTransaction}.Append(nil)
		d[i] = octet
		return repairSTUN(d)
	}
	padded := stun.MustBuild(stun.TransactionID, stun.BindingRequest,
		stun.RawAttribute{Type: stun.AttrSoftware, Value: make([]byte, loginValueSize)}, stun.Fingerprint).Raw
	unsigned := at(0, 0)
	unsigned[LoginSize-8], unsigned[LoginSize-7] = 0x80, 0x22 // FINGERPRINT becomes SOFTWARE
	for name, c := range map[string]struct {
		d    []byte
		want error
	}{
		"nothing":                               {nil, errSize},
		"a plain Binding request":               {BindingRequest{}.Append(nil), errSize},
		"a plain Binding request of LoginSize":  {padded, errMissing},
		"trailing garbage":                      {append(at(0, 0), 0, 0, 0, 0), errSize},
		"a response":                            {at(0, 1), errType},
		"another magic cookie":                  {at(4, 0), errNotSTUN},
		"version 0":                             {at(24, 0), errAttribute},
		"LOGIN with fewer bytes":                {at(23, 44), errAttribute},
		"LOGIN running over the end":            {at(22, 0xff), errAttribute},
		"no fingerprint":                        {unsigned, errMissing},
		"a fingerprint of something else":       {Login{}.Append(nil)[:LoginSize-1], errSize},
		"a length that is less than what is in": {badLength(LoginSize), errNotSTUN},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ParseLogin(c.d); err != c.want {
				t.Errorf("error is %v, want %v", err, c.want)
			}
		})
	}
}

func badLength(size int) []byte {
	d := Login{}.Append(nil)
	d[3] = byte(size - stunHeaderSize - 4)
	return d
}

func FuzzParseLogin(f *testing.F) { loginCodec.fuzz(f) }

// BenchmarkLogin is what a login costs the rendezvous: parse, cookie, answer.
func BenchmarkLogin(b *testing.B) {
	d := Login{TransactionID: exampleTransaction}.Append(nil)
	secret := counting[[32]byte](1)
	answer := make([]byte, 0, LoginSize)
	b.ReportAllocs()
	for b.Loop() {
		m, err := ParseLogin(d)
		if err != nil {
			b.Fatal(err)
		}
		answer = Accept{
			TransactionID: m.TransactionID, Observed: exampleEndpoint, ControlPort: 7700, OtherPort: 7701,
			Cookie: NewCookie(&secret, exampleEndpoint, exampleTime),
		}.Append(answer[:0])
	}
}
