package wire

import (
	"fmt"

	"peerd/wire/internal/pb"
)

// FileAnswer says what has become of an offer. The recipient accepts or declines
// it and tells the end; either side may cancel it.
type FileAnswer struct {
	Offer  MessageID // id of the item that the FileOffer came in
	Answer FileVerdict
	Reason FileReason // of FileFailed; zero with the others
}

// A FileVerdict is what a FileAnswer says. Those of a newer peer are unknown to
// us and change nothing.
type FileVerdict uint8

// The verdicts. All but FileAccepted are final.
const (
	FileAccepted  FileVerdict = 1 // the recipient is going to fetch it
	FileDeclined  FileVerdict = 2 // the recipient does not want it
	FileCancelled FileVerdict = 3 // either side has changed its mind
	FileDone      FileVerdict = 4 // the recipient has all of it, verified and on its disk
	FileFailed    FileVerdict = 5 // it can never be completed
)

// A FileReason is why a transfer has failed.
type FileReason uint8

// The reasons.
const (
	FileChanged    FileReason = 1 // what the sender has now is not what it offered
	FileMalformed  FileReason = 2 // the manifest is none, or not that of the offer
	FileUnreadable FileReason = 3 // the sender cannot read it any more
)

// String returns the verdict's word.
func (v FileVerdict) String() string {
	switch v {
	case FileAccepted:
		return "accepted"
	case FileDeclined:
		return "declined"
	case FileCancelled:
		return "cancelled"
	case FileDone:
		return "done"
	case FileFailed:
		return "failed"
	}
	return fmt.Sprintf("verdict %d", uint8(v))
}

// Kind implements Message.
func (m FileAnswer) Kind() Kind { return KindFileAnswer }

// AppendBody implements Message.
func (m FileAnswer) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindFileAnswer, &pb.FileAnswer{
		Offer:  m.Offer[:],
		Answer: uint32(m.Answer),
		Reason: uint32(m.Reason),
	}, decodeFileAnswer)
}

// ParseFileAnswer decodes the body of a KindFileAnswer item.
func ParseFileAnswer(body []byte) (FileAnswer, error) {
	return parseBody(KindFileAnswer, body, &pb.FileAnswer{}, decodeFileAnswer)
}

func decodeFileAnswer(p *pb.FileAnswer) (FileAnswer, error) {
	var f fields
	m := FileAnswer{
		Answer: FileVerdict(f.code("answer", p.Answer)),
		Reason: FileReason(f.atMost("reason", uint64(p.Reason), 255)),
	}
	f.fixed(m.Offer[:], "offer", p.Offer)
	return m, f.check()
}
