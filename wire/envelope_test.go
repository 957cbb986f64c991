package wire

import (
	"testing"

	"peerd/wire/internal/pb"
)

var envelopeCodec = bodyCodec("envelope", ParseEnvelope)

func TestEnvelopeVectors(t *testing.T) {
	envelopeCodec.testVectors(t, example[Envelope]{"a receipt on its way back", Envelope{
		Session: exampleSession, Sealed: []byte("a sealed envelope"),
	}})
}

func TestEnvelopeRefuses(t *testing.T) {
	testRefusals(t, ParseEnvelope,
		refusal{"no session", &pb.Envelope{Sealed: []byte{1}}, "session is missing"},
		refusal{"nothing sealed", &pb.Envelope{Session: exampleSession[:]}, "sealed is missing"},
		refusal{"too much sealed", &pb.Envelope{Session: exampleSession[:], Sealed: make([]byte, MaxSealed+1)}, "sealed has 71681 bytes"},
	)
}

func FuzzParseEnvelope(f *testing.F) { envelopeCodec.fuzz(f) }
