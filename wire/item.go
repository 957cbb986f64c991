package wire

import (
	"time"

	"peerd/wire/internal/pb"
)

// Item is anything but a text that is delivered like one: kept by its sender
// until the receipt, stored once, in the sender's order among the texts. What it
// says is in Body, a message of kind Payload, which [Parse] decodes. Who does not
// know that kind stores the item, acknowledges it and shows nothing.
type Item struct {
	ID      MessageID
	Seq     uint64    // the sender's sequence in this conversation, from 1, counted with the texts
	SentAt  time.Time // the sender's clock, to the nanosecond
	Payload Kind      // of the message in Body, 96 or over
	Body    []byte    // at most MaxItem bytes; ParseItem's does not alias its input
}

// Kind implements Message.
func (m Item) Kind() Kind { return KindItem }

// AppendBody implements Message.
func (m Item) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindItem, &pb.Item{
		Id:           m.ID[:],
		Seq:          m.Seq,
		SentAtUnixNs: unixNano(m.SentAt),
		Payload:      uint32(m.Payload),
		Body:         m.Body,
	}, decodeItem)
}

// ParseItem decodes the body of a KindItem frame.
func ParseItem(body []byte) (Item, error) {
	return parseBody(KindItem, body, &pb.Item{}, decodeItem)
}

func decodeItem(p *pb.Item) (Item, error) {
	var f fields
	return Item{
		ID:      f.messageID(p.Id),
		Seq:     f.positive("seq", p.Seq),
		SentAt:  f.time("sent_at", p.SentAtUnixNs),
		Payload: f.payload(p.Payload),
		Body:    f.bytes("body", p.Body, MaxItem),
	}, f.check()
}
