package wire

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
	"peerd/wire/internal/pb"
)

// A bomb is small on the wire and meant to be large or slow in memory.
type bomb struct {
	name string
	body []byte
}

// bombsFor returns bombs for each field of a message, and of the messages in it:
// they come from its descriptor, so a field added tomorrow has its own.
func bombsFor(message protoreflect.MessageDescriptor) []bomb {
	all := []bomb{
		{"groups in groups", bytes.Repeat([]byte{0x7b}, MaxBody)},
		{"unknown messages in one another", nested(1000, maxField-1)},
		{"as many unknown fields as fit", bytes.Repeat([]byte{(maxField - 1) << 3, 1}, MaxBody/2)},
		{"an unknown field as long as fits", field(maxField-1, make([]byte, MaxBody-8))},
	}
	for i := range message.Fields().Len() {
		all = append(all, fieldBombs(message.Fields().Get(i))...)
	}
	return all
}

func fieldBombs(f protoreflect.FieldDescriptor) []bomb {
	number := f.Number()
	all := []bomb{
		{"as many as fit", bytes.Repeat(field(number, nil), MaxBody/2)},
		{"as many small numbers as fit", bytes.Repeat(protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), 1), MaxBody/2)},
		{"as long as fits", field(number, bytes.Repeat([]byte{1}, MaxBody-8))},
		{"itself in itself", nested(1000, number)},
	}
	for _, length := range []uint64{1<<31 - 1, 1 << 31, 1<<32 - 1, 1<<63 - 1, 1 << 63, 1<<64 - 1} {
		tag := protowire.AppendTag(nil, number, protowire.BytesType)
		all = append(all, bomb{fmt.Sprintf("%d octets of which none follows", length), protowire.AppendVarint(tag, length)})
	}
	if inner := f.Message(); inner != nil {
		for _, b := range bombsFor(inner) {
			if len(b.body) > MaxBody-8 {
				b.body = b.body[:MaxBody-8]
			}
			all = append(all, bomb{b.name, field(number, b.body)})
		}
	}
	for i := range all {
		all[i].name = string(f.Name()) + ": " + all[i].name
	}
	return all
}

// nested returns a field in a field in a field … of the same number, while they fit.
func nested(depth int, number protowire.Number) []byte {
	var body []byte
	for range depth {
		body = field(number, body)
	}
	return body
}

func messageOf(t testing.TB, kindName string) protoreflect.MessageDescriptor {
	t.Helper()
	message := pb.File_wire_proto.Messages().ByName(protoreflect.Name(messageName(kindName)))
	if message == nil {
		t.Fatalf("no message %s in wire.proto", messageName(kindName))
	}
	return message
}

// Memory is what is asserted: it is bounded by what is allocated, and time by
// that and by the size of a frame.
func TestT15NoBombCostsAMebibyte(t *testing.T) {
	count := 0
	for kind, name := range kindNames {
		if name == "" || Kind(kind) == KindRelay {
			continue
		}
		t.Run(name, func(t *testing.T) {
			for _, b := range bombsFor(messageOf(t, name)) {
				before := allocated()
				_, _ = Parse(Kind(kind), b.body)
				if spent := allocated() - before; spent > 1<<20 {
					t.Errorf("%s: %d octets allocated %d", b.name, len(b.body), spent)
				}
				count++
			}
		})
	}
	if count < 1000 {
		t.Errorf("only %d bombs", count)
	}
}

// What is no protobuf has lengths and counts of its own.
func TestT15NoBombOfAnotherFormatCostsAMebibyte(t *testing.T) {
	for _, d := range everyDecoder(t) {
		if d.protobuf {
			continue
		}
		t.Run(d.function, func(t *testing.T) {
			var bombs [][]byte
			for _, pattern := range []string{"\x00", "\x01", "\x7f", "\x80", "\xff", "t", "a,", ";", "talk,", "a,1.2.3.4:5;", "login,"} {
				bombs = append(bombs, []byte(strings.Repeat(pattern, 1<<16/len(pattern))))
			}
			for _, whole := range d.valid {
				bombs = append(bombs, bytes.Repeat(whole, 1<<16/len(whole)), append(bytes.Clone(whole), make([]byte, 1<<16)...))
			}
			for _, b := range bombs {
				before := allocated()
				_ = d.decode(b)
				if spent := allocated() - before; spent > 1<<20 {
					t.Errorf("%x… of %d octets allocated %d", b[:8], len(b), spent)
				}
			}
		})
	}
}

// Depth is bounded by the schema: nothing in it contains itself, and there is no
// map, whose keys an attacker could make collide.
func TestT15MessagesHaveNoDepthOfTheirOwn(t *testing.T) {
	var walk func(t *testing.T, message protoreflect.MessageDescriptor, depth int)
	walk = func(t *testing.T, message protoreflect.MessageDescriptor, depth int) {
		if depth > 3 {
			t.Fatalf("%s is %d messages deep", message.Name(), depth)
		}
		for i := range message.Fields().Len() {
			f := message.Fields().Get(i)
			if f.IsMap() || f.Kind() == protoreflect.GroupKind {
				t.Errorf("%s is a %v", f.FullName(), f.Kind())
			}
			if f.Number() >= maxField {
				t.Errorf("%s has number %d, whose occurrences checkShape cannot count", f.FullName(), f.Number())
			}
			if f.Message() != nil {
				walk(t, f.Message(), depth+1)
			}
		}
	}
	for i := range pb.File_wire_proto.Messages().Len() {
		walk(t, pb.File_wire_proto.Messages().Get(i), 1)
	}
}
