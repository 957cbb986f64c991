package wire

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v3"
	"google.golang.org/protobuf/proto"
)

// Values that examples share. Their octets count up, so that a misplaced one
// is seen in the hex.
var (
	exampleKey         = counting[Key](0x10)
	otherKey           = counting[Key](0x40)
	exampleInstance    = counting[Instance](0x60)
	exampleSession     = counting[SessionID](0x70)
	exampleMessageID   = NewMessageID(exampleTime, [10]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
	exampleTransaction = counting[TransactionID](0xa0)
	exampleProbeKey    = counting[ProbeKey](0xc0)
	exampleCookie      = counting[Cookie](0x80)

	exampleTime = time.Date(2026, 11, 21, 3, 21, 9, 123456789, time.UTC)

	exampleEndpoint  = netip.MustParseAddrPort("203.0.113.7:41641")
	exampleEndpoint6 = netip.MustParseAddrPort("[2001:db8::7]:41641")
	exampleLocal     = netip.MustParseAddrPort("192.168.1.20:41641")

	exampleNAT = NATReport{Mapping: MappingEIM, Filtering: FilteringAPDF, Allocation: AllocationPreserving}

	examplePrekey = SignedPrekey{ID: 7, Public: counting[[32]byte](1), Signature: counting[[64]byte](0x80)}

	exampleCandidates = []Candidate{
		{Endpoint: exampleLocal, Kind: CandidateLocal},
		{Endpoint: exampleEndpoint, Kind: CandidateObserved, Cookie: exampleCookie},
		{Endpoint: exampleEndpoint6, Kind: CandidateObserved, Cookie: exampleCookie},
	}
)

// counting returns first, first+1, first+2, …
func counting[A ~[12]byte | ~[16]byte | ~[20]byte | ~[32]byte | ~[64]byte](first byte) (a A) {
	for i := range len(a) {
		a[i] = first + byte(i)
	}
	return a
}

// A refusal is a body that a decoder must refuse, and words of the reason.
type refusal struct {
	name string
	body proto.Message
	want string
}

// testRefusals checks that each body is refused for the reason given.
func testRefusals[M any](t *testing.T, parse func([]byte) (M, error), refusals ...refusal) {
	t.Helper()
	for _, r := range refusals {
		t.Run(r.name, func(t *testing.T) {
			body, err := proto.Marshal(r.body)
			if err != nil {
				t.Fatal(err)
			}
			_, err = parse(body)
			wantError(t, err, r.want)
		})
	}
}

// repairSTUN makes the length and the fingerprint of a message right.
func repairSTUN(d []byte) []byte {
	if len(d) < stunHeaderSize+fingerprintSize || len(d) > 1<<16 {
		return d
	}
	binary.BigEndian.PutUint16(d[2:], uint16(len(d)-stunHeaderSize))
	head := len(d) - fingerprintSize
	value := stun.FingerprintValue(d[:head])
	return binary.BigEndian.AppendUint32(appendAttributeHeader(d[:head], stun.AttrFingerprint, 4), value)
}

// repairProbe makes the MAC right too.
func repairProbe(d []byte) []byte {
	head := len(d) - fingerprintSize - macAttributeSize
	if head < stunHeaderSize || head > maxMACInput {
		return d
	}
	return repairSTUN(append(appendMAC(d[:head:head], 0, exampleProbeKey), make([]byte, fingerprintSize)...))
}
func wantError(t *testing.T, err error, words string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one that says %q", words)
	}
	if !strings.Contains(err.Error(), words) {
		t.Fatalf("error is %q, want one that says %q", err, words)
	}
}
