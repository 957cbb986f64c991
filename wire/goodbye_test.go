package wire

import (
	"strings"
	"testing"
	"time"

	"peerd/wire/internal/pb"
)

var goodbyeCodec = bodyCodec("goodbye", ParseGoodbye)

func TestGoodbyeVectors(t *testing.T) {
	goodbyeCodec.testVectors(t,
		example[Goodbye]{"a logout", Goodbye{}},
		example[Goodbye]{"the rendezvous restarts", Goodbye{Reason: "restarting", ReturnIn: 1500 * time.Millisecond}},
	)
}

func TestGoodbyeRefuses(t *testing.T) {
	testRefusals(t, ParseGoodbye,
		refusal{"an essay", &pb.Goodbye{Reason: strings.Repeat("a", MaxDetail+1)}, "reason has 257 bytes"},
		refusal{"for ever", &pb.Goodbye{ReturnInUs: 1<<64 - 1}, "return_in is not between 0 and 24h0m0s"},
	)
}

func FuzzParseGoodbye(f *testing.F) { goodbyeCodec.fuzz(f) }
