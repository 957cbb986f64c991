package wire

import (
	"time"

	"peerd/wire/internal/pb"
)

// Read says that the recipient has read every message up to a sequence number.
type Read struct {
	UpTo uint64    // a Text.Seq of the peer it is sent to
	At   time.Time // the reader's clock
}

// Kind implements Message.
func (m Read) Kind() Kind { return KindRead }

// AppendBody implements Message.
func (m Read) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindRead, &pb.Read{UpTo: m.UpTo, AtUnixNs: unixNano(m.At)}, decodeRead)
}

// ParseRead decodes the body of a KindRead frame.
func ParseRead(body []byte) (Read, error) {
	return parseBody(KindRead, body, &pb.Read{}, decodeRead)
}

func decodeRead(p *pb.Read) (Read, error) {
	var f fields
	return Read{
		UpTo: f.positive("up_to", p.UpTo),
		At:   f.time("at", p.AtUnixNs),
	}, f.check()
}
