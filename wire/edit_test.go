package wire

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"peerd/wire/internal/pb"
)

var editCodec = bodyCodec("edit", ParseEdit)

func TestEditVectors(t *testing.T) {
	editCodec.testVectors(t,
		example[Edit]{"a text that says something else now", Edit{ID: exampleMessageID, Body: "八点 at eight\n\x1b[2J"}},
		example[Edit]{"a text that is taken back", Edit{ID: exampleMessageID, Unsend: true}},
	)
}

func TestEditRefuses(t *testing.T) {
	with := func(change func(*pb.Edit)) proto.Message {
		p := &pb.Edit{Id: exampleMessageID[:], Body: "hi"}
		change(p)
		return p
	}
	testRefusals(t, ParseEdit,
		refusal{"no id", with(func(p *pb.Edit) { p.Id = nil }), "parse edit: id is missing"},
		refusal{"nothing new", with(func(p *pb.Edit) { p.Body = "" }), "body is missing"},
		refusal{"taken back and said", with(func(p *pb.Edit) { p.Unsend = true }), "body of what is taken back is not empty"},
		refusal{"a body too long", with(func(p *pb.Edit) { p.Body = strings.Repeat("a", MaxText+1) }), "body has 65537 bytes, the limit is 65536"},
	)
}

func TestTheLongestEditFitsAnItem(t *testing.T) {
	body, err := Edit{ID: exampleMessageID, Body: strings.Repeat("a", MaxText)}.AppendBody(nil)
	if err != nil || len(body) > MaxItem {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

func FuzzParseEdit(f *testing.F) { editCodec.fuzz(f) }
