package powercut

import (
	"maps"
	"math/rand/v2"
)

// names is what is in a directory: as programs see it, and as it is on the disk
// for sure.
type names struct {
	now     map[string]*inode
	durable map[string]*inode
	pending []renaming // what was done to now since it was durable, in order
}

// A renaming is one atomic change of a directory: a name gets another file, or
// none, and at the same moment another name loses its own.
type renaming struct {
	name string
	file *inode // nil: the name is gone
	lost string // a name that is gone, too; empty for none
}

func newNames() names {
	return names{now: make(map[string]*inode), durable: make(map[string]*inode)}
}

func (r renaming) apply(to map[string]*inode) {
	if r.lost != "" {
		delete(to, r.lost)
	}
	if r.file == nil {
		delete(to, r.name)
	} else {
		to[r.name] = r.file
	}
}

func (n *names) change(made renaming) {
	made.apply(n.now)
	n.pending = append(n.pending, made)
}

// sync makes all names durable.
func (n *names) sync() {
	n.durable = maps.Clone(n.now)
	n.pending = nil
}

// cut forgets all changes after a random one.
func (n *names) cut(random *rand.Rand, keep float64) {
	for _, made := range n.pending {
		if random.Float64() >= keep {
			break
		}
		made.apply(n.durable)
	}
	n.pending = nil
	n.now = maps.Clone(n.durable)
}
