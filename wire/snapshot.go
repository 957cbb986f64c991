package wire

import "peerd/wire/internal/pb"

// Snapshot is one chunk of the whole roster. A peer replaces what it holds
// when the chunk without More has arrived. All chunks of a snapshot have the
// same Epoch and Version.
type Snapshot struct {
	Epoch   uint64 // of the rendezvous' state; versions compare within one epoch only
	Version uint64 // of the roster that the chunks make up
	Rows    []Row  // at most MaxRows
	More    bool   // further chunks of the same snapshot follow
}

// Kind implements Message.
func (m Snapshot) Kind() Kind { return KindSnapshot }

// AppendBody implements Message.
func (m Snapshot) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindSnapshot, &pb.Snapshot{
		Epoch:   m.Epoch,
		Version: m.Version,
		Rows:    encodeRows(m.Rows),
		More:    m.More,
	}, decodeSnapshot)
}

// ParseSnapshot decodes the body of a KindSnapshot frame.
func ParseSnapshot(body []byte) (Snapshot, error) {
	return parseBody(KindSnapshot, body, &pb.Snapshot{}, decodeSnapshot)
}

func decodeSnapshot(p *pb.Snapshot) (Snapshot, error) {
	var f fields
	return Snapshot{
		Epoch:   f.positive("epoch", p.Epoch),
		Version: p.Version,
		Rows:    f.rows("rows", p.Rows),
		More:    p.More,
	}, f.check()
}
