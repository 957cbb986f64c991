package wire

import "peerd/wire/internal/pb"

// Talk asks the rendezvous to introduce this peer to another, and may carry
// the first message there.
type Talk struct {
	To         Key
	Candidates []Candidate // fresh ones; predicted ones alone, or none, leave those and the report of Endpoints as they are
	NAT        NATReport
	Sealed     []byte // may be empty; else a sealed envelope (peer/seal), at most MaxSealed bytes
	// Withhold keeps the endpoints from the callee, in this session and until the next
	// Talk or Endpoints; without it, the callee may be shown them, whatever Hello said.
	Withhold bool
}

// Kind implements Message.
func (m Talk) Kind() Kind { return KindTalk }

// AppendBody implements Message.
func (m Talk) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindTalk, &pb.Talk{
		To:         m.To[:],
		Candidates: encodeCandidates(m.Candidates),
		Nat:        m.NAT.encode(),
		Sealed:     m.Sealed,
		Withhold:   m.Withhold,
	}, decodeTalk)
}

// ParseTalk decodes the body of a KindTalk frame.
func ParseTalk(body []byte) (Talk, error) {
	return parseBody(KindTalk, body, &pb.Talk{}, decodeTalk)
}

func decodeTalk(p *pb.Talk) (Talk, error) {
	var f fields
	return Talk{
		To:         f.key("to", p.To),
		Candidates: f.candidates(p.Candidates),
		NAT:        decodeNATReport(p.Nat),
		Sealed:     f.bytes("sealed", p.Sealed, MaxSealed),
		Withhold:   p.Withhold,
	}, f.check()
}
