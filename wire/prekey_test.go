package wire

import (
	"testing"

	"peerd/wire/internal/pb"
)

var prekeyCodec = bodyCodec("prekey", ParsePrekey)

func TestPrekeyVectors(t *testing.T) {
	prekeyCodec.testVectors(t, example[Prekey]{"a new prekey", Prekey{Prekey: examplePrekey}})
}

func TestPrekeyRefuses(t *testing.T) {
	testRefusals(t, ParsePrekey,
		refusal{"none", &pb.Prekey{}, "parse prekey: prekey is missing"},
		refusal{"one too long", &pb.Prekey{Prekey: make([]byte, 105)}, "prekey has 105 bytes instead of 104"},
	)
}

func FuzzParsePrekey(f *testing.F) { prekeyCodec.fuzz(f) }
