package wire

import (
	"time"

	"peerd/wire/internal/pb"
)

// Receipt says that a Text is on the recipient's disk: the sender may forget it.
type Receipt struct {
	ID          MessageID // of the Text
	DeliveredAt time.Time // the recipient's clock
}

// Kind implements Message.
func (m Receipt) Kind() Kind { return KindReceipt }

// AppendBody implements Message.
func (m Receipt) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindReceipt, &pb.Receipt{Id: m.ID[:], DeliveredAtUnixNs: unixNano(m.DeliveredAt)}, decodeReceipt)
}

// ParseReceipt decodes the body of a KindReceipt frame.
func ParseReceipt(body []byte) (Receipt, error) {
	return parseBody(KindReceipt, body, &pb.Receipt{}, decodeReceipt)
}

func decodeReceipt(p *pb.Receipt) (Receipt, error) {
	var f fields
	return Receipt{
		ID:          f.messageID(p.Id),
		DeliveredAt: f.time("delivered_at", p.DeliveredAtUnixNs),
	}, f.check()
}
