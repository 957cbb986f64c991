package wire

import "peerd/wire/internal/pb"

// FileFetch is the first frame of a stream on a bulk connection: the recipient of
// an offer fetches what it was offered. With Manifest the sender answers with the
// manifest and ends the stream; otherwise FileWants follow. What comes back has no
// frames: only bytes whose number both know.
type FileFetch struct {
	Offer    MessageID
	Manifest bool
	Have     uint64 // bytes that the recipient has already, for the sender's display
}

// Kind implements Message.
func (m FileFetch) Kind() Kind { return KindFileFetch }

// AppendBody implements Message.
func (m FileFetch) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindFileFetch, &pb.FileFetch{Offer: m.Offer[:], Manifest: m.Manifest, Have: m.Have}, decodeFileFetch)
}

// ParseFileFetch decodes the body of a KindFileFetch frame.
func ParseFileFetch(body []byte) (FileFetch, error) {
	return parseBody(KindFileFetch, body, &pb.FileFetch{}, decodeFileFetch)
}

func decodeFileFetch(p *pb.FileFetch) (FileFetch, error) {
	var f fields
	m := FileFetch{Manifest: p.Manifest, Have: f.atMost("have", p.Have, MaxFileSize)}
	f.fixed(m.Offer[:], "offer", p.Offer)
	return m, f.check()
}
