package wire

import (
	"bytes"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"peerd/wire/internal/pb"
)

func TestParseGivesTheValueOfEachKind(t *testing.T) {
	for _, m := range []Message{
		Hello{Version: 1, Instance: exampleInstance},
		Welcome{Version: 1, Observed: exampleEndpoint},
		Refused{Code: RefusedBusy},
		Snapshot{Epoch: 1},
		Delta{Epoch: 1, To: 1},
		Endpoints{},
		Prekey{Prekey: examplePrekey},
		Talk{To: otherKey},
		TalkRefused{To: otherKey, Code: TalkRefusedBusy},
		Introduction{Session: exampleSession, Peer: otherKey, Instance: exampleInstance},
		Envelope{Session: exampleSession, Sealed: []byte{1}},
		Relay{Session: exampleSession, Payload: []byte{1}},
		Ping{},
		Pong{},
		Goodbye{},
		Text{ID: exampleMessageID, Seq: 1, SentAt: exampleTime},
		Receipt{ID: exampleMessageID, DeliveredAt: exampleTime},
		Read{UpTo: 1, At: exampleTime},
	} {
		t.Run(m.Kind().String(), func(t *testing.T) {
			body, err := m.AppendBody(nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Parse(m.Kind(), body)
			if err != nil || got.Kind() != m.Kind() {
				t.Fatalf("parsed %+v, %v", got, err)
			}
			if got, err := Parse(m.Kind(), []byte{0xff}); err == nil || got != nil {
				t.Errorf("of garbage parsed %+v, %v", got, err)
			}
		})
	}
}

func TestParseKnowsEveryKindThatHasAName(t *testing.T) {
	for kind := range Kind(255) {
		m, err := Parse(kind, []byte{0xff})
		known := int(kind) < len(kindNames) && kindNames[kind] != ""
		if m != nil || known != (err != nil) {
			t.Errorf("%v: parsed %v, %v", kind, m, err)
		}
	}
	if got, want := Kind(199).String(), "kind 199"; got != want {
		t.Errorf("an unknown kind is called %q, want %q", got, want)
	}
}

func TestT26FieldsFromTheFutureAreIgnored(t *testing.T) {
	body, err := Ping{Nonce: 7}.AppendBody(nil)
	if err != nil {
		t.Fatal(err)
	}
	body = protowire.AppendString(protowire.AppendTag(body, 15, protowire.BytesType), "new")
	body = protowire.AppendVarint(protowire.AppendTag(body, 1000, protowire.VarintType), 1)
	body = protowire.AppendVarint(protowire.AppendTag(body, 1000, protowire.VarintType), 2)
	if m, err := ParsePing(body); err != nil || m.Nonce != 7 {
		t.Errorf("parsed %+v, %v", m, err)
	}
}

// field encodes one length-delimited field.
func field(number protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), content)
}

func mustMarshal(t *testing.T, p proto.Message) []byte {
	t.Helper()
	body, err := proto.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestT15BombsAreRefusedBeforeTheyCostMemory(t *testing.T) {
	hello := mustMarshal(t, &pb.Hello{Version: 1, Instance: exampleInstance[:]})
	for _, c := range []struct {
		name string
		kind Kind
		body []byte
		want string
	}{
		{"as many empty rows as fit", KindSnapshot, bytes.Repeat(field(3, nil), MaxBody/2), "rows has more than 256 items"},
		{"as many empty removed keys as fit", KindDelta, bytes.Repeat(field(5, nil), MaxBody/2), "removed has more than 256 items"},
		{"as many empty candidates as fit", KindHello, bytes.Repeat(field(5, nil), MaxBody/2), "candidates has more than 256 items"},
		{"as many packed requirements as fit", KindWelcome, field(6, bytes.Repeat([]byte{1}, MaxBody-4)), "requires has more than 256 items"},
		{"as many single requirements as fit", KindWelcome, bytes.Repeat([]byte{6 << 3, 1}, MaxBody/2), "requires has more than 256 items"},
		{"as many empty requirements as fit", KindWelcome, bytes.Repeat(field(6, nil), MaxBody/2), "parse welcome: version is missing"},
		{"groups in groups", KindPing, bytes.Repeat([]byte{0x7b}, MaxBody), "protobuf groups are not used"},
		{"groups in a row", KindSnapshot, field(3, bytes.Repeat([]byte{0x7b}, MaxBody-8)), "rows: protobuf groups are not used"},
		{"a field of 2^63 bytes", KindText, append([]byte{0x0a}, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), "parse text"},
		{"a length of eleven bytes", KindText, append([]byte{0x0a}, bytes.Repeat([]byte{0x80}, 11)...), "parse text"},
		{"version given twice", KindHello, append(bytes.Clone(hello), hello...), "parse hello: version is given twice"},
		{"a report given twice", KindEndpoints, append(field(2, nil), field(2, nil)...), "nat is given twice"},
		{"a row's key given twice", KindSnapshot, field(3, append(field(1, exampleKey[:]), field(1, otherKey[:])...)), "rows: key is given twice"},
		{"field number 0", KindPing, []byte{0x00, 0x00}, "parse ping"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := allocated()
			m, err := Parse(c.kind, c.body)
			if spent := allocated() - before; spent > 1<<20 {
				t.Errorf("%d bytes allocated %d", len(c.body), spent)
			}
			wantError(t, err, c.want)
			if m != nil {
				t.Errorf("parsed %+v in spite of the error", m)
			}
		})
	}
}

func TestWhatADecoderWouldRefuseIsNotSent(t *testing.T) {
	tooMany := slices.Repeat([]Candidate{exampleCandidates[0]}, MaxCandidates+1)
	for name, m := range map[string]Message{
		"encode hello: version is missing":                            Hello{Instance: exampleInstance},
		"encode endpoints: candidates are 9, the limit is 8":          Endpoints{Candidates: tooMany},
		"encode endpoints: candidates[0]: endpoint is missing":        Endpoints{Candidates: []Candidate{{Kind: CandidateLocal}}},
		"encode snapshot: rows are 257, the limit is 256":             Snapshot{Epoch: 1, Rows: slices.Repeat(exampleRows[:1], MaxRows+1)},
		"encode snapshot: rows[1]: key is missing":                    Snapshot{Epoch: 1, Rows: []Row{exampleRows[0], {}}},
		"encode delta: changed and removed are 257, the limit is 256": Delta{Epoch: 1, To: 1, Removed: make([]Key, MaxRows+1)},
		"encode prekey: prekey id is missing":                         Prekey{Prekey: SignedPrekey{Public: [32]byte{1}}},
		"encode envelope: sealed has 71681 bytes, the limit is 71680": Envelope{Session: exampleSession, Sealed: make([]byte, MaxSealed+1)},
		"encode relay: payload has 1501 bytes, the limit is 1500":     Relay{Session: exampleSession, Payload: make([]byte, MaxRelayedDatagram+1)},
		"encode goodbye: return_in is not between 0 and 24h0m0s":      Goodbye{ReturnIn: -1000},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := m.AppendBody(nil)
			wantError(t, err, name)
		})
	}
}
