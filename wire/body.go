package wire

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// errGroup rejects protobuf's deprecated groups: nobody sends them, and they
// are the one construct that nests without a length.
var errGroup = errors.New("protobuf groups are not used")

// appendBody appends p. It first decodes p as its receiver will, so that what
// we would refuse is never sent, and each rule is written once: in decode.
func appendBody[M any, P proto.Message](b []byte, kind Kind, p P, decode func(P) (M, error)) ([]byte, error) {
	if _, err := decode(p); err != nil {
		return nil, fmt.Errorf("encode %v: %w", kind, err)
	}
	b, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(b, p)
	if err != nil {
		return nil, fmt.Errorf("encode %v: %w", kind, err)
	}
	return b, nil
}

// parseBody fills p from body and returns what decode makes of it. Protobuf
// copies every byte field, so the result never aliases body.
func parseBody[M any, P proto.Message](kind Kind, body []byte, p P, decode func(P) (M, error)) (m M, err error) {
	err = checkShape(body, p.ProtoReflect().Descriptor())
	if err == nil {
		err = proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(body, p)
	}
	if err == nil {
		m, err = decode(p)
	}
	if err != nil {
		var zero M
		return zero, fmt.Errorf("parse %v: %w", kind, err)
	}
	return m, nil
}

// maxField is above every field number in wire.proto.
const maxField = 16

// checkShape walks the fields of an encoded message before protobuf allocates
// for them: an empty row is two bytes on the wire and a hundred in memory, so
// 72 KiB could become many megabytes. It rejects groups, a field given twice
// (protobuf would merge them: two readings of one message), and more than
// MaxRows items. It allocates nothing.
func checkShape(body []byte, message protoreflect.MessageDescriptor) error {
	var seen [maxField]int
	for len(body) > 0 {
		number, wireType, n := protowire.ConsumeTag(body)
		if n < 0 {
			return protowire.ParseError(n)
		}
		if wireType == protowire.StartGroupType || wireType == protowire.EndGroupType {
			return errGroup
		}
		size := protowire.ConsumeFieldValue(number, wireType, body[n:])
		if size < 0 {
			return protowire.ParseError(size)
		}
		value := body[n : n+size]
		body = body[n+size:]
		field := message.Fields().ByNumber(number)
		if field == nil {
			continue
		}
		seen[number] += items(field, wireType, value)
		if err := checkCount(field, seen[number]); err != nil {
			return err
		}
		if field.Message() != nil && wireType == protowire.BytesType {
			inner, _ := protowire.ConsumeBytes(value)
			if err := checkShape(inner, field.Message()); err != nil {
				return fmt.Errorf("%s: %w", field.Name(), err)
			}
		}
	}
	return nil
}

// items counts what one occurrence of a field holds: a packed list has a number
// for each octet that ends one.
func items(field protoreflect.FieldDescriptor, wireType protowire.Type, value []byte) int {
	if !field.IsPacked() || wireType != protowire.BytesType {
		return 1
	}
	packed, _ := protowire.ConsumeBytes(value)
	count := 0
	for _, octet := range packed {
		if octet < 0x80 {
			count++
		}
	}
	return count
}

func checkCount(field protoreflect.FieldDescriptor, count int) error {
	if field.IsList() {
		if count > MaxRows {
			return fmt.Errorf("%s has more than %d items", field.Name(), MaxRows)
		}
	} else if count > 1 {
		return fmt.Errorf("%s is given twice", field.Name())
	}
	return nil
}
