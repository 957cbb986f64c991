package transfer

import "peerd/wire"

// A Plan knows of every chunk of a manifest whether it is there, asked for, or
// still to be asked for. One goroutine at a time may use it.
type Plan struct {
	manifest *Manifest
	have     bitmap
	asked    bitmap
	next     uint64 // every chunk below it is there or asked for
	bytes    int64
	chunks   uint64 // there
}

// NewPlan returns the plan of a transfer of which nothing is there.
func NewPlan(m *Manifest) *Plan {
	return &Plan{manifest: m, have: newBitmap(m.Chunks()), asked: newBitmap(m.Chunks())}
}

// Arrived notes that a chunk is there, verified and written.
func (p *Plan) Arrived(index uint64) {
	if !p.have.get(index) {
		p.have.set(index)
		p.bytes += int64(p.manifest.Chunk(index).Length)
		p.chunks++
	}
}

// A Range is some chunks in a row.
type Range struct {
	First uint64
	Count uint32
}

// Take returns chunks to be asked for now, at least one and then as many as fit
// into limit bytes, and notes that they have been. Nothing is left when Count is 0;
// some of what was asked for may still come back, see GiveBack.
func (p *Plan) Take(limit int64) Range {
	if !p.More() {
		return Range{}
	}
	r := Range{First: p.next}
	for size := int64(0); p.next < p.manifest.Chunks() && r.Count < wire.MaxFileWant; p.next++ {
		size += int64(p.manifest.Chunk(p.next).Length)
		if p.have.get(p.next) || p.asked.get(p.next) || r.Count > 0 && size > limit {
			break
		}
		p.asked.set(p.next)
		r.Count++
	}
	return r
}

// More reports whether Take would return any chunks now.
func (p *Plan) More() bool {
	all := p.manifest.Chunks()
	for p.next < all && (p.have.get(p.next) || p.asked.get(p.next)) {
		p.next++
	}
	return p.next < all
}

// GiveBack notes that those of the range which are not there will not come.
func (p *Plan) GiveBack(r Range) {
	for i := r.First; i < r.First+uint64(r.Count); i++ {
		p.asked.clear(i)
	}
	p.next = min(p.next, r.First)
}

// Bytes returns how many bytes are there.
func (p *Plan) Bytes() int64 { return p.bytes }

// Complete reports whether everything is there.
func (p *Plan) Complete() bool { return p.chunks == p.manifest.Chunks() }

// A bitmap is a bit per chunk.
type bitmap []uint64

func newBitmap(bits uint64) bitmap { return make(bitmap, (bits+63)/64) }

func (b bitmap) get(i uint64) bool { return b[i/64]&(1<<(i%64)) != 0 }
func (b bitmap) set(i uint64)      { b[i/64] |= 1 << (i % 64) }
func (b bitmap) clear(i uint64)    { b[i/64] &^= 1 << (i % 64) }
