package wire

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"peerd/wire/internal/pb"
)

var itemCodec = bodyCodec("item", ParseItem)

func TestItemVectors(t *testing.T) {
	itemCodec.testVectors(t,
		example[Item]{"an item of a kind that nobody knows yet", Item{ID: exampleMessageID, Seq: 2, SentAt: exampleTime, Payload: 255, Body: []byte("hi")}},
		example[Item]{"an item whose kind says everything", Item{ID: exampleMessageID, Seq: 1 << 40, SentAt: exampleTime, Payload: 96}},
	)
}

func TestItemRefuses(t *testing.T) {
	with := func(change func(*pb.Item)) proto.Message {
		p := &pb.Item{Id: exampleMessageID[:], Seq: 1, SentAtUnixNs: 1, Payload: 96, Body: []byte("hi")}
		change(p)
		return p
	}
	testRefusals(t, ParseItem,
		refusal{"no id", with(func(p *pb.Item) { p.Id = nil }), "parse item: id is missing"},
		refusal{"no sequence", with(func(p *pb.Item) { p.Seq = 0 }), "seq is missing"},
		refusal{"no time", with(func(p *pb.Item) { p.SentAtUnixNs = 0 }), "sent_at is missing"},
		refusal{"nothing inside", with(func(p *pb.Item) { p.Payload = 0 }), "payload is missing"},
		refusal{"a text inside, which has a frame of its own", with(func(p *pb.Item) { p.Payload = uint32(KindText) }), "payload 64 is not a kind of payload"},
		refusal{"a kind out of range", with(func(p *pb.Item) { p.Payload = 256 }), "payload 256 is out of range"},
		refusal{"a body too long", with(func(p *pb.Item) { p.Body = make([]byte, MaxItem+1) }), "body has 66561 bytes, the limit is 66560"},
	)
}

func FuzzParseItem(f *testing.F) { itemCodec.fuzz(f) }
