package wire

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"peerd/wire/internal/pb"
)

var fileAnswerCodec = bodyCodec("file_answer", ParseFileAnswer)

func TestFileAnswerVectors(t *testing.T) {
	fileAnswerCodec.testVectors(t,
		example[FileAnswer]{"accepted", FileAnswer{Offer: exampleMessageID, Answer: FileAccepted}},
		example[FileAnswer]{"failed, because the file has changed", FileAnswer{Offer: exampleMessageID, Answer: FileFailed, Reason: FileChanged}},
		example[FileAnswer]{"a verdict and a reason of a newer peer", FileAnswer{Offer: exampleMessageID, Answer: 200, Reason: 201}},
	)
}

func TestFileAnswerRefuses(t *testing.T) {
	with := func(change func(*pb.FileAnswer)) proto.Message {
		p := &pb.FileAnswer{Offer: exampleMessageID[:], Answer: 1}
		change(p)
		return p
	}
	testRefusals(t, ParseFileAnswer,
		refusal{"no offer", with(func(p *pb.FileAnswer) { p.Offer = nil }), "parse file-answer: offer is missing"},
		refusal{"no answer", with(func(p *pb.FileAnswer) { p.Answer = 0 }), "answer is missing"},
		refusal{"an answer out of range", with(func(p *pb.FileAnswer) { p.Answer = 256 }), "answer 256 is out of range"},
		refusal{"a reason out of range", with(func(p *pb.FileAnswer) { p.Reason = 256 }), "reason is over 255"},
	)
}

func FuzzParseFileAnswer(f *testing.F) { fileAnswerCodec.fuzz(f) }
