package wire

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"peerd/wire/internal/pb"
)

// An older protocol is what testdata/older keeps of it.
type older struct {
	dir    string // below testdata
	kinds  map[string]Kind
	schema protoreflect.FileDescriptor
}

func forEachOlder(t *testing.T, test func(*testing.T, older)) {
	dirs, err := filepath.Glob("testdata/older/*/kinds.json")
	if err != nil || len(dirs) < 2 {
		t.Fatalf("found %v, %v", dirs, err)
	}
	for _, file := range dirs {
		name := filepath.Base(filepath.Dir(file))
		t.Run(name, func(t *testing.T) { test(t, readOlder(t, "older/"+name)) })
	}
}

func readOlder(t *testing.T, dir string) older {
	t.Helper()
	o := older{dir: dir}
	readTestdata(t, dir+"/kinds", &o.kinds)
	encoded, err := os.ReadFile(filepath.Join("testdata", dir, "schema.binpb"))
	if err != nil {
		t.Fatal(err)
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(encoded, &set); err != nil {
		t.Fatal(err)
	}
	if o.schema, err = protodesc.NewFile(set.File[0], nil); err != nil {
		t.Fatal(err)
	}
	return o
}

// vectors returns the old vectors of a message; none if it did not exist.
func (o older) vectors(t *testing.T, name string) []vector {
	t.Helper()
	file := o.dir + "/" + name
	if _, err := os.Stat(filepath.Join("testdata", file+".json")); err != nil {
		return nil
	}
	return readVectors(t, file)
}

// otherFormats decodes what is in no frame.
var otherFormats = map[string]func([]byte) (any, error){
	"login":               anyOf(loginCodec),
	"accept":              anyOf(acceptCodec),
	"probe":               anyOf(probeTestCodec),
	"probe_reply":         anyOf(probeReplyCodec),
	"binding_request":     anyOf(bindingRequestCodec),
	"binding_response":    anyOf(bindingResponseCodec),
	"certificate":         anyOf(certificateCodec),
	"stream_datagram":     anyOf(streamDatagramCodec),
	"classic":             anyOf(classicCodec),
	"classic_list":        anyOf(classicTextList),
	"classic_list_dotnet": anyOf(classicDotNETList),
}

func anyOf[M any](c codec[M]) func([]byte) (any, error) {
	return func(b []byte) (any, error) { return c.decode(b) }
}

// Newer to older: what was valid once is valid now, and says the same.
func TestT26OldMessagesAreReadAsTheyWereMeant(t *testing.T) {
	forEachOlder(t, func(t *testing.T, o older) {
		read := func(name string, decode func([]byte) (any, error)) {
			for _, v := range o.vectors(t, name) {
				value, err := decode(unhex(t, v.Hex))
				if err != nil {
					t.Errorf("%s, %s: %v", name, v.Name, err)
					continue
				}
				var want bytes.Buffer
				if err := json.Compact(&want, v.Fields); err != nil {
					t.Fatal(err)
				}
				if got := compactFields(t, value); got != want.String() {
					t.Errorf("%s, %s:\n%s, was\n%s", name, v.Name, got, want.String())
				}
			}
		}
		for name, kind := range o.kinds {
			read(strings.ReplaceAll(name, "-", "_"), func(b []byte) (any, error) { return Parse(kind, b) })
		}
		for name, decode := range otherFormats {
			read(name, decode)
		}
		for _, name := range []string{"cookie", "session_id", "message_id", "frame"} {
			var then, now []json.RawMessage
			readTestdata(t, o.dir+"/"+name, &then)
			readTestdata(t, name, &now)
			for _, v := range then {
				if !slices.ContainsFunc(now, func(n json.RawMessage) bool { return bytes.Equal(n, v) }) {
					t.Errorf("%s: %s is made otherwise now", name, v)
				}
			}
		}
	})
}

// Older to newer: an old reader finds in today's messages all that it knows, with
// the meaning that it had, and what it finds is a whole message.
func TestT26TodaysMessagesAreReadByOldReaders(t *testing.T) {
	forEachOlder(t, func(t *testing.T, o older) {
		for name, kind := range o.kinds {
			if kind == KindRelay {
				continue // has no schema, and its vectors are compared above
			}
			message := o.schema.Messages().ByName(protoreflect.Name(messageName(name)))
			for _, v := range readVectors(t, strings.ReplaceAll(name, "-", "_")) {
				body := unhex(t, v.Hex)
				seen := dynamicpb.NewMessage(message)
				if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, seen); err != nil {
					t.Errorf("%s, %s: %v", name, v.Name, err)
					continue
				}
				without, err := proto.MarshalOptions{Deterministic: true}.Marshal(seen)
				if err != nil {
					t.Fatal(err)
				}
				whole, err := Parse(kind, body)
				if err != nil {
					t.Fatal(err)
				}
				understood, err := Parse(kind, without)
				if err != nil {
					t.Errorf("%s, %s: without what an old reader skips it is refused: %v", name, v.Name, err)
					continue
				}
				if bytes.Equal(body, without) != reflect.DeepEqual(whole, understood) {
					t.Errorf("%s, %s: an old reader takes\n%+v for\n%+v", name, v.Name, whole, understood)
				}
			}
		}
	})
}

// No number has changed its meaning.
func TestT26NoFieldHasChanged(t *testing.T) {
	forEachOlder(t, func(t *testing.T, o older) {
		for name, kind := range o.kinds {
			if kind.String() != name {
				t.Errorf("kind %d was %s and is %v", kind, name, kind)
			}
		}
		for i := range o.schema.Messages().Len() {
			was := o.schema.Messages().Get(i)
			is := pb.File_wire_proto.Messages().ByName(was.Name())
			if is == nil {
				t.Errorf("%s is gone", was.Name())
				continue
			}
			for j := range was.Fields().Len() {
				old := was.Fields().Get(j)
				now := is.Fields().ByNumber(old.Number())
				if now == nil || now.Name() != old.Name() || now.Kind() != old.Kind() || now.Cardinality() != old.Cardinality() {
					t.Errorf("%s was %v", old.FullName(), old.Kind())
				}
			}
		}
	})
}

// What a newer program adds to any message changes nothing for us.
func TestT26UnknownFieldsChangeNothing(t *testing.T) {
	added := protowire.AppendVarint(protowire.AppendTag(nil, maxField-1, protowire.VarintType), 7)
	added = append(added, field(1000, []byte("new"))...)
	added = append(added, field(1<<29-1, field(1, field(1, nil)))...)
	added = protowire.AppendFixed64(protowire.AppendTag(added, 900, protowire.Fixed64Type), 1)
	added = protowire.AppendFixed32(protowire.AppendTag(added, 900, protowire.Fixed32Type), 1)
	for kind, name := range kindNames {
		if name == "" || Kind(kind) == KindRelay {
			continue
		}
		for _, body := range vectorsOf(t, strings.ReplaceAll(name, "-", "_")) {
			want, err := Parse(Kind(kind), body)
			if err != nil {
				t.Fatal(err)
			}
			for place, changed := range map[string][]byte{"behind": slices.Concat(body, added), "before": slices.Concat(added, body)} {
				if got, err := Parse(Kind(kind), changed); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("%s with more %s it:\n%+v, %v, want\n%+v", name, place, got, err, want)
				}
			}
		}
	}
}
