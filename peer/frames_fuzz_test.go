package peer

import (
	"bytes"
	"testing"
	"testing/iotest"
	"time"

	"peerd/wire"
)

var frameTime = time.Unix(1_800_000_000, 0)

// FuzzReadFrames reads whatever a peer may send on a stream of messages, at once and
// octet by octet: the same messages come, and no more than the octets are good for.
func FuzzReadFrames(f *testing.F) {
	for _, messages := range [][]wire.Message{
		{wire.Ping{Nonce: 1}, wire.Ping{}},
		{wire.Receipt{ID: wire.MessageID{1}, DeliveredAt: frameTime}, wire.Read{UpTo: 7, At: frameTime}},
		{wire.Text{ID: wire.MessageID{1}, Seq: 1, SentAt: frameTime, Body: "hello"}},
		{wire.FileFetch{Offer: wire.MessageID{1}}, wire.FileWant{First: 7, Count: 2}},
	} {
		var stream []byte
		for _, m := range messages {
			var err error
			if stream, err = wire.AppendFrame(stream, m); err != nil {
				f.Fatal(err)
			}
		}
		f.Add(stream)
		f.Add(append(stream, 200, 0, 0, 1, 9)) // of a kind that nobody knows
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		read := func(slowly bool) (all []wire.Message) {
			var r = bytes.NewReader(stream)
			handle := func(messages []wire.Message) error { all = append(all, messages...); return nil }
			if slowly {
				_ = readFrames(iotest.OneByteReader(r), handle)
			} else {
				_ = readFrames(r, handle)
			}
			return all
		}
		fast, slow := read(false), read(true)
		if len(fast) != len(slow) || len(fast) > len(stream)/wire.FrameHeaderSize {
			t.Errorf("of %d octets came %d messages at once, %d one by one", len(stream), len(fast), len(slow))
		}
	})
}
