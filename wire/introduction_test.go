package wire

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"peerd/wire/internal/pb"
)

var introductionCodec = bodyCodec("introduction", ParseIntroduction)

func TestIntroductionVectors(t *testing.T) {
	introductionCodec.testVectors(t,
		example[Introduction]{"to the caller, fire at once", Introduction{
			Session: exampleSession, Peer: otherKey, Instance: exampleInstance, Caller: true,
			Candidates: []Candidate{{Endpoint: exampleEndpoint, Kind: CandidateObserved}}, NAT: exampleNAT,
		}},
		example[Introduction]{"to the callee, with the first message", Introduction{
			Session: exampleSession, Peer: exampleKey, Instance: exampleInstance,
			FireIn: 12345 * time.Microsecond, Sealed: []byte("a sealed envelope"),
		}},
	)
}

func TestIntroductionRefuses(t *testing.T) {
	with := func(change func(*pb.Introduction)) proto.Message {
		p := &pb.Introduction{Session: exampleSession[:], Peer: otherKey[:], Instance: exampleInstance[:]}
		change(p)
		return p
	}
	testRefusals(t, ParseIntroduction,
		refusal{"no session", with(func(p *pb.Introduction) { p.Session = nil }), "parse introduction: session is missing"},
		refusal{"no peer", with(func(p *pb.Introduction) { p.Peer = nil }), "peer is missing"},
		refusal{"no instance", with(func(p *pb.Introduction) { p.Instance = nil }), "instance is missing"},
		refusal{"fire next week", with(func(p *pb.Introduction) { p.FireInUs = 7 * 24 * 3600 * 1e6 }), "fire_in is not between 0 and 10s"},
		refusal{"fire in 2^64 µs", with(func(p *pb.Introduction) { p.FireInUs = 1<<64 - 1 }), "fire_in is not between 0 and 10s"},
		refusal{"ten thousand candidates", with(func(p *pb.Introduction) {
			named := &pb.Candidate{Endpoint: []byte{203, 0, 113, 7, 0x13, 0x88}, Kind: uint32(CandidateObserved)}
			p.Candidates = slices.Repeat([]*pb.Candidate{named}, 10_000)
		}), "candidates has more than 256 items"},
		refusal{"an envelope too large", with(func(p *pb.Introduction) { p.Sealed = make([]byte, MaxSealed+1) }), "sealed has 71681 bytes"},
	)
}

func TestIntroductionIntoThePastIsNotSent(t *testing.T) {
	_, err := Introduction{Session: exampleSession, Peer: otherKey, Instance: exampleInstance, FireIn: -time.Millisecond}.AppendBody(nil)
	wantError(t, err, "encode introduction: fire_in is not between 0 and 10s")
}

func FuzzParseIntroduction(f *testing.F) { introductionCodec.fuzz(f) }
