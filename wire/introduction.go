package wire

import (
	"time"

	"peerd/wire/internal/pb"
)

// Introduction tells one peer of a session about the other, and when to probe.
// Both get one, timed so that both fire at the same instant. It repeats, with
// the same Session, whenever a side asks again.
type Introduction struct {
	Session    SessionID
	Peer       Key           // the other
	Instance   Instance      // of the other
	Caller     bool          // true for the side whose Talk caused it
	Candidates []Candidate   // of the other; without cookies
	NAT        NATReport     // of the other
	FireIn     time.Duration // from arrival to the first probe; whole microseconds, at most MaxFireIn
	Sealed     []byte        // the Talk's envelope; callee only, may be empty
}

// Kind implements Message.
func (m Introduction) Kind() Kind { return KindIntroduction }

// AppendBody implements Message.
func (m Introduction) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindIntroduction, &pb.Introduction{
		Session:    m.Session[:],
		Peer:       m.Peer[:],
		Instance:   m.Instance[:],
		Caller:     m.Caller,
		Candidates: encodeCandidates(m.Candidates),
		Nat:        m.NAT.encode(),
		FireInUs:   microseconds(m.FireIn),
		Sealed:     m.Sealed,
	}, decodeIntroduction)
}

// ParseIntroduction decodes the body of a KindIntroduction frame.
func ParseIntroduction(body []byte) (Introduction, error) {
	return parseBody(KindIntroduction, body, &pb.Introduction{}, decodeIntroduction)
}

func decodeIntroduction(p *pb.Introduction) (Introduction, error) {
	var f fields
	return Introduction{
		Session:    f.session(p.Session),
		Peer:       f.key("peer", p.Peer),
		Instance:   f.instance(p.Instance),
		Caller:     p.Caller,
		Candidates: f.candidates(p.Candidates),
		NAT:        decodeNATReport(p.Nat),
		FireIn:     f.duration("fire_in", p.FireInUs, MaxFireIn),
		Sealed:     f.bytes("sealed", p.Sealed, MaxSealed),
	}, f.check()
}
