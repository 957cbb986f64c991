package wire

import (
	"time"

	"peerd/wire/internal/pb"
)

// Goodbye is the last frame of a control connection. From a peer it is the
// logout; from the rendezvous it says why the connection ends: the rendezvous is
// going away for a while, the key has logged in again, or it was removed. Whoever
// gets one hangs up.
type Goodbye struct {
	Reason   string        // for people and logs: escape it; at most MaxDetail bytes
	ReturnIn time.Duration // when peers should come back, at most MaxReturnIn; 0 = as usual
}

// Kind implements Message.
func (m Goodbye) Kind() Kind { return KindGoodbye }

// AppendBody implements Message.
func (m Goodbye) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindGoodbye, &pb.Goodbye{Reason: m.Reason, ReturnInUs: microseconds(m.ReturnIn)}, decodeGoodbye)
}

// ParseGoodbye decodes the body of a KindGoodbye frame.
func ParseGoodbye(body []byte) (Goodbye, error) {
	return parseBody(KindGoodbye, body, &pb.Goodbye{}, decodeGoodbye)
}

func decodeGoodbye(p *pb.Goodbye) (Goodbye, error) {
	var f fields
	return Goodbye{
		Reason:   f.text("reason", p.Reason, MaxDetail),
		ReturnIn: f.duration("return_in", p.ReturnInUs, MaxReturnIn),
	}, f.check()
}
