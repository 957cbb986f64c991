package wire

import (
	"testing"

	"peerd/wire/internal/pb"
)

var readCodec = bodyCodec("read", ParseRead)

func TestReadVectors(t *testing.T) {
	readCodec.testVectors(t, example[Read]{"three messages read", Read{UpTo: 3, At: exampleTime}})
}

func TestReadRefuses(t *testing.T) {
	testRefusals(t, ParseRead,
		refusal{"up to nothing", &pb.Read{AtUnixNs: 1}, "parse read: up_to is missing"},
		refusal{"without a time", &pb.Read{UpTo: 1}, "at is missing"},
	)
}

func FuzzParseRead(f *testing.F) { readCodec.fuzz(f) }
