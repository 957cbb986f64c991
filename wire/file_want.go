package wire

import "peerd/wire/internal/pb"

// FileWant asks for chunks, which the sender answers with their bytes one after
// the other. Chunks are counted through all files of the manifest, from 0.
type FileWant struct {
	First uint64
	Count uint32 // from 1 to MaxFileWant
}

// Kind implements Message.
func (m FileWant) Kind() Kind { return KindFileWant }

// AppendBody implements Message.
func (m FileWant) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindFileWant, &pb.FileWant{First: m.First, Count: m.Count}, decodeFileWant)
}

// ParseFileWant decodes the body of a KindFileWant frame.
func ParseFileWant(body []byte) (FileWant, error) {
	return parseBody(KindFileWant, body, &pb.FileWant{}, decodeFileWant)
}

func decodeFileWant(p *pb.FileWant) (FileWant, error) {
	var f fields
	return FileWant{
		First: f.atMost("first", p.First, MaxFileSize),
		Count: uint32(f.atMost("count", f.positive("count", uint64(p.Count)), MaxFileWant)),
	}, f.check()
}
