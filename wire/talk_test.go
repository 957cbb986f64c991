package wire

import (
	"testing"

	"peerd/wire/internal/pb"
)

var talkCodec = bodyCodec("talk", ParseTalk)

func TestTalkVectors(t *testing.T) {
	talkCodec.testVectors(t,
		example[Talk]{"over the relay only", Talk{To: otherKey}},
		example[Talk]{"with the first message", Talk{
			To: otherKey, Candidates: exampleCandidates, NAT: exampleNAT, Sealed: []byte("a sealed envelope"),
		}},
		example[Talk]{"to somebody who is not to know where from", Talk{To: otherKey, Withhold: true}},
	)
}

func TestTalkRefuses(t *testing.T) {
	testRefusals(t, ParseTalk,
		refusal{"to nobody", &pb.Talk{}, "parse talk: to is missing"},
		refusal{"to half a key", &pb.Talk{To: otherKey[:16]}, "to has 16 bytes instead of 32"},
		refusal{"an envelope too large", &pb.Talk{To: otherKey[:], Sealed: make([]byte, MaxSealed+1)}, "sealed has 71681 bytes, the limit is 71680"},
	)
}

func TestTheLargestTalkAndIntroductionFitAFrame(t *testing.T) {
	var candidates []Candidate
	for range MaxCandidates {
		candidates = append(candidates, exampleCandidates[2])
	}
	sealed := make([]byte, MaxSealed)
	for _, m := range []Message{
		Talk{To: otherKey, Candidates: candidates, NAT: exampleNAT, Sealed: sealed},
		Introduction{
			Session: exampleSession, Peer: otherKey, Instance: exampleInstance, Caller: true,
			Candidates: candidates, NAT: exampleNAT, FireIn: MaxFireIn, Sealed: sealed,
		},
	} {
		if _, err := AppendFrame(nil, m); err != nil {
			t.Error(err)
		}
	}
}

func FuzzParseTalk(f *testing.F) { talkCodec.fuzz(f) }
