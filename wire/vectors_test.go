package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
)

var update = flag.Bool("update", false, "rewrite testdata/*.json from the examples. "+
	"Vectors are what deployed peers speak: understand every changed byte before committing it")

// A vector is one example in testdata, for this and other implementations:
// decoding hex gives fields, encoding fields gives hex.
type vector struct {
	Name   string          `json:"name"`
	Fields json.RawMessage `json:"fields"`
	Hex    string          `json:"hex"`
}

// An example is what a vector is made from.
type example[M any] struct {
	name  string
	value M
}

// A codec is the encoder and the decoder of one message, as the tests see them.
type codec[M any] struct {
	name    string // of testdata/name.json
	encode  func(M) ([]byte, error)
	decode  func([]byte) (M, error)
	repair  func([]byte) []byte // for fuzzing: makes lengths and checksums right
	aliases bool                // what decode returns aliases its input
}

func bodyCodec[M Message](name string, parse func([]byte) (M, error)) codec[M] {
	return codec[M]{name: name, decode: parse, encode: func(m M) ([]byte, error) { return m.AppendBody(nil) }}
}

func datagramCodec[M interface{ Append([]byte) []byte }](name string, parse func([]byte) (M, error)) codec[M] {
	return codec[M]{
		name:   name,
		decode: parse,
		encode: func(m M) ([]byte, error) { return m.Append(nil), nil },
		repair: repairSTUN,
	}
}

func probeCodec[M interface {
	Append([]byte, ProbeKey) []byte
}](name string, parse func([]byte, ProbeKey) (M, error)) codec[M] {
	return codec[M]{
		name:   name,
		decode: func(d []byte) (M, error) { return parse(d, exampleProbeKey) },
		encode: func(m M) ([]byte, error) { return m.Append(nil, exampleProbeKey), nil },
		repair: repairProbe,
	}
}

// testVectors checks every example against its vector: it decodes to the
// value, encodes to the bytes, keeps nothing of its input, and is not
// mistaken for whole when it is cut anywhere.
func (c codec[M]) testVectors(t *testing.T, examples ...example[M]) {
	t.Helper()
	if *update {
		c.writeVectors(t, examples)
	}
	vectors := readVectors(t, c.name)
	if len(vectors) != len(examples) {
		t.Fatalf("testdata/%s.json has %d vectors for %d examples; rerun with -update", c.name, len(vectors), len(examples))
	}
	for i, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			if v.Name != examples[i].name {
				t.Fatalf("example is named %q", examples[i].name)
			}
			c.testVector(t, v, examples[i].value)
		})
	}
}

func (c codec[M]) testVector(t *testing.T, v vector, want M) {
	raw := unhex(t, v.Hex)
	got, err := c.decode(raw)
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("decoded\n%+v\nwant\n%+v", got, want)
	}
	var fields bytes.Buffer
	if err := json.Compact(&fields, v.Fields); err != nil {
		t.Fatal(err)
	}
	if have := compactFields(t, got); fields.String() != have {
		t.Errorf("fields are\n%s\nwant\n%s", have, fields.String())
	}
	if again, err := c.encode(got); err != nil || !bytes.Equal(again, raw) {
		t.Errorf("encoded again (%v)\n%x\nwant\n%x", err, again, raw)
	}
	for size := range raw {
		if cut, err := c.decode(raw[:size:size]); err == nil && reflect.DeepEqual(cut, want) {
			t.Errorf("the first %d of %d bytes decode to the same value", size, len(raw))
		}
	}
	if c.aliases {
		return
	}
	for i := range raw {
		raw[i] ^= 0xff
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("the decoded value changed with its input: it aliases it")
	}
}

func (c codec[M]) writeVectors(t *testing.T, examples []example[M]) {
	var vectors []vector
	for _, e := range examples {
		raw, err := c.encode(e.value)
		if err != nil {
			t.Fatalf("%s: %v", e.name, err)
		}
		vectors = append(vectors, vector{e.name, json.RawMessage(compactFields(t, e.value)), hex.EncodeToString(raw)})
	}
	writeTestdata(t, c.name, vectors)
}

// fuzz checks that no input makes the decoder panic or allocate out of
// proportion, and that what it accepts can be encoded and decoded again to
// the same value.
func (c codec[M]) fuzz(f *testing.F) {
	for _, v := range readVectors(f, c.name) {
		f.Add(unhex(f, v.Hex))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > MaxBody {
			return
		}
		c.checkStable(t, raw)
		if c.repair != nil {
			c.checkStable(t, c.repair(bytes.Clone(raw)))
		}
	})
}

func (c codec[M]) checkStable(t *testing.T, raw []byte) {
	before := allocated()
	first, err := c.decode(raw)
	if spent := allocated() - before; spent > 1<<20 {
		t.Errorf("decoding %d bytes allocated %d", len(raw), spent)
	}
	if err != nil {
		return
	}
	encoded, err := c.encode(first)
	if err != nil {
		t.Fatalf("decoded %+v, which does not encode: %v", first, err)
	}
	second, err := c.decode(encoded)
	if err != nil || !reflect.DeepEqual(first, second) {
		t.Fatalf("decoded\n%+v\nthen (%v)\n%+v", first, err, second)
	}
}

// allocated returns how many bytes this process has allocated so far.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func readVectors(t testing.TB, name string) []vector {
	var vectors []vector
	readTestdata(t, name, &vectors)
	return vectors
}

func readTestdata(t testing.TB, name string, into any) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatalf("testdata/%s.json: %v", name, err)
	}
}

func writeTestdata(t *testing.T, name string, from any) {
	content, err := json.MarshalIndent(from, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("testdata", name+".json"), append(content, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func compactFields(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(jsonFields(reflect.ValueOf(value)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// jsonFields renders a value as vectors show it: names as in wire.proto, fields
// that are zero left out, octets in hex, times in RFC 3339, durations in
// microseconds, numbers as numbers.
func jsonFields(v reflect.Value) any {
	switch value := v.Interface().(type) {
	case netip.AddrPort:
		return value.String()
	case netip.Addr:
		return value.String()
	case time.Time:
		return value.Format(time.RFC3339Nano)
	case time.Duration:
		return value.Microseconds()
	}
	switch {
	case v.Kind() == reflect.Struct:
		return structFields(v)
	case v.Kind() == reflect.Array:
		octets := make([]byte, v.Len())
		reflect.Copy(reflect.ValueOf(octets), v)
		return hex.EncodeToString(octets)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		return hex.EncodeToString(v.Bytes())
	case v.Kind() == reflect.Slice:
		var list []any
		for i := range v.Len() {
			list = append(list, jsonFields(v.Index(i)))
		}
		return list
	case v.CanUint():
		return v.Uint()
	}
	return v.Interface()
}

func structFields(v reflect.Value) map[string]any {
	fields := map[string]any{}
	for field, value := range v.Fields() {
		if !value.IsZero() {
			fields[snakeCase(field.Name)] = jsonFields(value)
		}
	}
	return fields
}

// snakeCase turns SentAt into sent_at, NAT into nat and TransactionID into transaction_id.
func snakeCase(name string) string {
	var words strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 && unicode.IsLower(rune(name[i-1])) {
			words.WriteByte('_')
		}
		words.WriteRune(unicode.ToLower(r))
	}
	return words.String()
}

// Every vector file belongs to a test, so that none is left behind.
func TestEveryVectorFileIsChecked(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{
		"cookie": true, "certificate": true, "session_id": true, "message_id": true, "frame": true,
		"login": true, "accept": true, "probe": true, "probe_reply": true,
		"binding_request": true, "binding_response": true, "stream_datagram": true,
		"classic": true, "classic_list": true, "classic_list_dotnet": true,
	}
	for _, name := range kindNames {
		if name != "" {
			known[strings.ReplaceAll(name, "-", "_")] = true
		}
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if !known[name] {
			t.Errorf("%s belongs to no message", file)
		}
		delete(known, name)
	}
	if len(known) > 0 {
		t.Errorf("no vectors for %v", slices.Sorted(maps.Keys(known)))
	}
}
