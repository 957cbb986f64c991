package wire

import (
	"testing"

	"peerd/wire/internal/pb"
)

var receiptCodec = bodyCodec("receipt", ParseReceipt)

func TestReceiptVectors(t *testing.T) {
	receiptCodec.testVectors(t, example[Receipt]{"delivered", Receipt{ID: exampleMessageID, DeliveredAt: exampleTime}})
}

func TestReceiptRefuses(t *testing.T) {
	testRefusals(t, ParseReceipt,
		refusal{"of no message", &pb.Receipt{DeliveredAtUnixNs: 1}, "parse receipt: id is missing"},
		refusal{"without a time", &pb.Receipt{Id: exampleMessageID[:]}, "delivered_at is missing"},
	)
}

func FuzzParseReceipt(f *testing.F) { receiptCodec.fuzz(f) }
