package wire

import "peerd/wire/internal/pb"

// Delta is one chunk of a step of the roster: applied to version From exactly,
// its chunks together give version To.
type Delta struct {
	Epoch    uint64 // as in Snapshot
	From, To uint64 // From < To
	Changed  []Row  // inserted or replaced whole
	Removed  []Key  // Changed and Removed together are at most MaxRows
	More     bool   // further chunks of the same step follow, with the same From and To
}

// Kind implements Message.
func (m Delta) Kind() Kind { return KindDelta }

// AppendBody implements Message.
func (m Delta) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindDelta, &pb.Delta{
		Epoch:   m.Epoch,
		From:    m.From,
		To:      m.To,
		Changed: encodeRows(m.Changed),
		Removed: encodeKeys(m.Removed),
		More:    m.More,
	}, decodeDelta)
}

// ParseDelta decodes the body of a KindDelta frame.
func ParseDelta(body []byte) (Delta, error) {
	return parseBody(KindDelta, body, &pb.Delta{}, decodeDelta)
}

func decodeDelta(p *pb.Delta) (Delta, error) {
	var f fields
	if p.From >= p.To {
		f.fail("to %d is not after from %d", p.To, p.From)
	}
	if items := len(p.Changed) + len(p.Removed); items > MaxRows {
		f.fail("changed and removed are %d, the limit is %d", items, MaxRows)
		return Delta{}, f.check()
	}
	return Delta{
		Epoch:   f.positive("epoch", p.Epoch),
		From:    p.From,
		To:      p.To,
		Changed: f.rows("changed", p.Changed),
		Removed: f.keys("removed", p.Removed),
		More:    p.More,
	}, f.check()
}

func encodeKeys(keys []Key) [][]byte {
	var list [][]byte
	for _, key := range keys {
		list = append(list, key[:])
	}
	return list
}

func (f *fields) keys(name string, list [][]byte) []Key {
	var keys []Key
	for _, b := range list {
		keys = append(keys, f.key(name, b))
	}
	return keys
}
