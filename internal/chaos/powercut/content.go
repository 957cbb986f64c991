package powercut

import (
	"math/rand/v2"
	"slices"
)

// sector is what a disk writes in one piece, in bytes.
const sector = 512

// content is the bytes of a file: as programs see them, and as they are on the
// disk for sure.
type content struct {
	now     []byte
	durable []byte
	pending []change // what was done to now since it was durable, in order
}

// A change is a write of data at an offset or, without data, a cut or extension
// to size bytes.
type change struct {
	data   []byte
	offset int
	size   int
}

func (c change) apply(to []byte) []byte {
	if c.data == nil {
		return resize(to, c.size)
	}
	if end := c.offset + len(c.data); end > len(to) {
		to = resize(to, end)
	}
	copy(to[c.offset:], c.data)
	return to
}

// resize cuts or extends with zeros.
func resize(b []byte, size int) []byte {
	if size <= len(b) {
		clear(b[size:]) // they are zeros when the file grows again
		return b[:size]
	}
	grown := slices.Grow(b, size-len(b))[:size]
	clear(grown[len(b):])
	return grown
}

func (c *content) write(data []byte, offset int) {
	c.change(change{data: slices.Clone(data), offset: offset})
}

func (c *content) truncate(size int) { c.change(change{size: size}) }

func (c *content) change(made change) {
	c.now = made.apply(c.now)
	c.pending = append(c.pending, made)
}

// sync makes everything durable.
func (c *content) sync() {
	for _, made := range c.pending {
		c.durable = made.apply(c.durable)
	}
	c.pending = nil
}

// cut forgets what the disk does not keep.
func (c *content) cut(random *rand.Rand, keep float64) {
	for _, made := range c.pending {
		if random.Float64() < keep {
			for _, torn := range made.tear(random) {
				c.durable = torn.apply(c.durable)
			}
		}
	}
	c.pending = nil
	c.now = slices.Clone(c.durable)
}

// tear returns those sectors of a write that reach the disk.
func (c change) tear(random *rand.Rand) []change {
	if c.data == nil || random.IntN(2) == 0 {
		return []change{c}
	}
	var torn []change
	for begin := 0; begin < len(c.data); {
		end := min(len(c.data), begin+sector-(c.offset+begin)%sector)
		if random.IntN(4) > 0 {
			torn = append(torn, change{data: c.data[begin:end], offset: c.offset + begin})
		}
		begin = end
	}
	return torn
}
