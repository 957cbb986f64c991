package wire

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"peerd/wire/internal/pb"
)

var textCodec = bodyCodec("text", ParseText)

func TestTextVectors(t *testing.T) {
	textCodec.testVectors(t,
		example[Text]{"the first message", Text{ID: exampleMessageID, Seq: 1, SentAt: exampleTime, Body: "hi"}},
		example[Text]{"any script, controls and all: escaping is the reader's", Text{
			ID: exampleMessageID, Seq: 1 << 40, SentAt: exampleTime, Body: "你好\n\x1b[2J👋",
		}},
		example[Text]{"a message to a group", Text{
			ID: exampleMessageID, Seq: 3, SentAt: exampleTime, Body: "hi all", Group: counting[GroupID](0x30),
		}},
		example[Text]{"an empty text from before 1970", Text{ID: exampleMessageID, Seq: 2, SentAt: time.Unix(-1, 999999999).UTC()}},
	)
}

func TestTextRefuses(t *testing.T) {
	with := func(change func(*pb.Text)) proto.Message {
		p := &pb.Text{Id: exampleMessageID[:], Seq: 1, SentAtUnixNs: 1, Body: "hi"}
		change(p)
		return p
	}
	testRefusals(t, ParseText,
		refusal{"no id", with(func(p *pb.Text) { p.Id = nil }), "parse text: id is missing"},
		refusal{"an id too short", with(func(p *pb.Text) { p.Id = p.Id[:15] }), "id has 15 bytes instead of 16"},
		refusal{"no sequence", with(func(p *pb.Text) { p.Seq = 0 }), "seq is missing"},
		refusal{"no time", with(func(p *pb.Text) { p.SentAtUnixNs = 0 }), "sent_at is missing"},
		refusal{"a group id too short", with(func(p *pb.Text) { p.Group = make([]byte, 15) }), "group has 15 bytes instead of 16"},
		refusal{"a body too long", with(func(p *pb.Text) { p.Body = strings.Repeat("a", MaxText+1) }), "body has 65537 bytes, the limit is 65536"},
	)
}

func TestTextWhoseTimeTheWireCannotHoldIsNotSent(t *testing.T) {
	for _, year := range []int{1, 1600, 2300, 9999} {
		_, err := Text{ID: exampleMessageID, Seq: 1, SentAt: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)}.AppendBody(nil)
		wantError(t, err, "encode text: sent_at is missing")
	}
}

func TestTextThatIsNotUTF8(t *testing.T) {
	_, err := Text{ID: exampleMessageID, Seq: 1, SentAt: exampleTime, Body: "\xff"}.AppendBody(nil)
	wantError(t, err, "encode text: body is not valid UTF-8")

	body, err := Text{ID: exampleMessageID, Seq: 1, SentAt: exampleTime, Body: "?"}.AppendBody(nil)
	if err != nil {
		t.Fatal(err)
	}
	body[len(body)-1] = 0xff
	_, err = ParseText(body)
	wantError(t, err, "invalid UTF-8")
}

func TestTheLongestTextFitsASealedEnvelopeWithRoomForTheSeal(t *testing.T) {
	frame, err := AppendFrame(nil, Text{ID: exampleMessageID, Seq: 1<<64 - 1, SentAt: exampleTime, Body: strings.Repeat("a", MaxText)})
	if err != nil {
		t.Fatal(err)
	}
	if room := MaxSealed - len(frame); room < 4<<10 {
		t.Errorf("the frame is %d bytes, which leaves %d for the seal", len(frame), room)
	}
}

func FuzzParseText(f *testing.F) { textCodec.fuzz(f) }
