package wire

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"testing"

	"github.com/pion/stun/v3"
)

var (
	bindingRequestCodec  = datagramCodec("binding_request", ParseBindingRequest)
	bindingResponseCodec = datagramCodec("binding_response", ParseBindingResponse)
)

func TestBindingRequestVectors(t *testing.T) {
	bindingRequestCodec.testVectors(t,
		example[BindingRequest]{"any client's", BindingRequest{TransactionID: exampleTransaction}},
		example[BindingRequest]{"answer from the other port", BindingRequest{TransactionID: exampleTransaction, Change: Change{Port: true}}},
		example[BindingRequest]{"answer from the other address and port", BindingRequest{
			TransactionID: exampleTransaction, Change: Change{Address: true, Port: true},
		}},
		example[BindingRequest]{"answer to another port", BindingRequest{
			TransactionID: exampleTransaction, Change: Change{Address: true, Port: true}, ResponsePort: 40_001,
		}},
	)
}

func TestBindingResponseVectors(t *testing.T) {
	bindingResponseCodec.testVectors(t,
		example[BindingResponse]{"over IPv4", BindingResponse{TransactionID: exampleTransaction, Observed: exampleEndpoint}},
		example[BindingResponse]{"over IPv6", BindingResponse{TransactionID: exampleTransaction, Observed: exampleEndpoint6}},
		example[BindingResponse]{"of a server with two addresses", BindingResponse{
			TransactionID: exampleTransaction, Observed: exampleEndpoint,
			Origin: netip.MustParseAddrPort("203.0.113.1:7700"), Other: netip.MustParseAddrPort("203.0.113.2:7701"),
		}},
	)
}

// RFC 5769 section 2.1: an ICE agent's request, with PRIORITY, ICE-CONTROLLED,
// USERNAME, MESSAGE-INTEGRITY and FINGERPRINT.
const rfc5769Request = "000100582112a442b7e7a701bc34d686fa87dfae80220010" +
	"5354554e207465737420636c69656e74002400046e0001ff80290008932ff9b151263b36" +
	"000600096576746a3a6836765920202000080014" + "9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2" +
	"80280004e57a3bcf"

// RFC 5769 sections 2.2 and 2.3: responses with XOR-MAPPED-ADDRESS.
const (
	rfc5769ResponseIPv4 = "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b" +
		"7465737420766563746f7220002000080001a147e112a643000800142b91f599fd9e90c3" +
		"8c7489f92af9ba53f06be7d780280004c07d4c96"
	rfc5769ResponseIPv6 = "010100482112a442b7e7a701bc34d686fa87dfae8022000b" +
		"7465737420766563746f7220002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9" +
		"00080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c"
)

func TestBindingResponsesOfRFC5769(t *testing.T) {
	for d, want := range map[string]string{
		rfc5769ResponseIPv4: "192.0.2.1:32853",
		rfc5769ResponseIPv6: "[2001:db8:1234:5678:11:2233:4455:6677]:32853",
	} {
		m, err := ParseBindingResponse(unhex(t, d))
		if err != nil || m.Observed.String() != want {
			t.Errorf("parsed %v, %v, want %s", m.Observed, err, want)
		}
	}
}

func TestRequestOfRFC5769IsAnswered420ForPriority(t *testing.T) {
	_, err := ParseBindingRequest(unhex(t, rfc5769Request))
	unknown, ok := errors.AsType[UnknownAttributesError](err)
	if !ok {
		t.Fatalf("error is %v", err)
	}
	wantError(t, err, "STUN attributes [PRIORITY] are not understood")

	answer := parseWithPion(t, unknown.Append(nil))
	var code stun.ErrorCodeAttribute
	var list stun.UnknownAttributes
	if err := answer.Parse(&code, &list); err != nil {
		t.Fatal(err)
	}
	if answer.Type != stun.BindingError || code.Code != stun.CodeUnknownAttribute || fmt.Sprint(list) != "PRIORITY" {
		t.Errorf("answer is %v, %v, %v", answer.Type, code, list)
	}
	if answer.TransactionID != [12]byte(unhex(t, "b7e7a701bc34d686fa87dfae")) {
		t.Error("answer is of another transaction")
	}
}

func TestPionReadsTheAddressesOfRFC5780(t *testing.T) {
	for _, want := range []netip.AddrPort{exampleEndpoint, exampleEndpoint6} {
		answer := parseWithPion(t, BindingResponse{Observed: exampleEndpoint, Origin: want, Other: want}.Append(nil))
		var origin stun.ResponseOrigin
		var other stun.OtherAddress
		if err := answer.Parse(&origin, &other); err != nil {
			t.Fatal(err)
		}
		if origin.String() != want.String() || other.String() != want.String() {
			t.Errorf("pion reads %v and %v, want %v", origin, other, want)
		}
	}
}

func TestBindingResponseRefusesMalformedAddresses(t *testing.T) {
	whole := BindingResponse{Observed: exampleEndpoint, Origin: exampleEndpoint, Other: exampleEndpoint}.Append(nil)
	const origin, other = stunHeaderSize + 12 + attributeHeaderSize, stunHeaderSize + 24 + attributeHeaderSize
	for name, at := range map[string]int{"of its origin": origin + 1, "of the other one": other + 1} {
		d := bytes.Clone(whole)
		d[at] = 7 // the family
		if _, err := ParseBindingResponse(d); err != errEndpoint {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

func TestAnErrorAnswerNamesFourAttributesAtMost(t *testing.T) {
	for count := 1; count <= 6; count++ {
		setters := []stun.Setter{stun.TransactionID, stun.BindingRequest}
		for i := range count {
			setters = append(setters, stun.RawAttribute{Type: stun.AttrType(0x7000 + i)})
		}
		_, err := ParseBindingRequest(stun.MustBuild(setters...).Raw)
		unknown, ok := errors.AsType[UnknownAttributesError](err)
		if !ok {
			t.Fatalf("error is %v", err)
		}
		answer := unknown.Append(nil)
		var list stun.UnknownAttributes
		if err := parseWithPion(t, answer).Parse(&list); err != nil {
			t.Fatal(err)
		}
		if len(list) != min(count, 4) || len(answer) > 40 {
			t.Errorf("%d unknown: the answer of %d bytes names %d", count, len(answer), len(list))
		}
	}
}

func TestAnyStandardClientIsUnderstood(t *testing.T) {
	for name, setters := range map[string][]stun.Setter{
		"bare":                 {},
		"with SOFTWARE":        {stun.NewSoftware("any client")},
		"with FINGERPRINT":     {stun.NewSoftware("any client"), stun.Fingerprint},
		"with credentials":     {stun.NewUsername("user"), stun.NewShortTermIntegrity("secret"), stun.Fingerprint},
		"with optional extras": {stun.RawAttribute{Type: 0xC123, Value: []byte("odd")}, stun.Fingerprint},
	} {
		request := stun.MustBuild(append([]stun.Setter{stun.TransactionID, stun.BindingRequest}, setters...)...)
		m, err := ParseBindingRequest(request.Raw)
		if err != nil || m.TransactionID != request.TransactionID {
			t.Errorf("%s: parsed %+v, %v", name, m, err)
		}
	}
	if _, err := ParseBindingRequest(Login{}.Append(nil)); err != nil {
		t.Errorf("a login is no Binding request: %v", err)
	}
}

func TestPionUnderstandsOurDatagrams(t *testing.T) {
	for name, d := range map[string][]byte{
		"login":       Login{TransactionID: exampleTransaction}.Append(nil),
		"accept":      Accept{TransactionID: exampleTransaction, Observed: exampleEndpoint6, ControlPort: 1}.Append(nil),
		"probe":       Probe{TransactionID: exampleTransaction}.Append(nil, exampleProbeKey),
		"probe reply": ProbeReply{TransactionID: exampleTransaction, Observed: exampleEndpoint}.Append(nil, exampleProbeKey),
	} {
		m := parseWithPion(t, d)
		if err := stun.Fingerprint.Check(m); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if m.TransactionID != exampleTransaction {
			t.Errorf("%s: transaction %x", name, m.TransactionID)
		}
	}
	for _, d := range [][]byte{
		BindingResponse{Observed: exampleEndpoint6}.Append(nil),
		Accept{Observed: exampleEndpoint6, ControlPort: 1}.Append(nil),
		ProbeReply{Observed: exampleEndpoint6}.Append(nil, exampleProbeKey),
	} {
		var observed stun.XORMappedAddress
		if err := observed.GetFrom(parseWithPion(t, d)); err != nil || observed.String() != exampleEndpoint6.String() {
			t.Errorf("pion reads %v, %v", observed, err)
		}
	}
}

func parseWithPion(t *testing.T, d []byte) *stun.Message {
	t.Helper()
	m := &stun.Message{Raw: d}
	if err := m.Decode(); err != nil {
		t.Fatal(err)
	}
	return m
}

func FuzzParseBindingRequest(f *testing.F) {
	f.Add(unhex(f, rfc5769Request))
	bindingRequestCodec.fuzz(f)
}

func FuzzParseBindingResponse(f *testing.F) {
	f.Add(unhex(f, rfc5769ResponseIPv4))
	f.Add(unhex(f, rfc5769ResponseIPv6))
	bindingResponseCodec.fuzz(f)
}

func BenchmarkBinding(b *testing.B) {
	request := BindingRequest{TransactionID: exampleTransaction}.Append(nil)
	answer := make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		m, err := ParseBindingRequest(request)
		if err != nil {
			b.Fatal(err)
		}
		answer = BindingResponse{TransactionID: m.TransactionID, Observed: exampleEndpoint}.Append(answer[:0])
	}
}
