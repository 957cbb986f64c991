package wire

import (
	"time"

	"peerd/wire/internal/pb"
)

// Text is a message from one person to another. It travels on a session's
// stream, or sealed through the rendezvous; both may arrive, and ID tells.
type Text struct {
	ID     MessageID
	Seq    uint64    // the sender's sequence in this conversation, from 1
	SentAt time.Time // the sender's clock, to the nanosecond
	Body   string    // UTF-8, at most MaxText bytes; escape before showing
	Group  GroupID   // of which this is a message, told to every member with the same ID; zero: between the two of us
}

// Kind implements Message.
func (m Text) Kind() Kind { return KindText }

// AppendBody implements Message.
func (m Text) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindText, &pb.Text{
		Id:           m.ID[:],
		Seq:          m.Seq,
		SentAtUnixNs: unixNano(m.SentAt),
		Body:         m.Body,
		Group:        m.Group.octets(),
	}, decodeText)
}

// ParseText decodes the body of a KindText frame.
func ParseText(body []byte) (Text, error) {
	return parseBody(KindText, body, &pb.Text{}, decodeText)
}

func decodeText(p *pb.Text) (Text, error) {
	var f fields
	return Text{
		ID:     f.messageID(p.Id),
		Seq:    f.positive("seq", p.Seq),
		SentAt: f.time("sent_at", p.SentAtUnixNs),
		Body:   f.text("body", p.Body, MaxText),
		Group:  f.group(p.Group),
	}, f.check()
}
