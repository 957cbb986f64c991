//go:build linux

package powercut

import (
	"math/rand/v2"
	"sync"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// A Disk is a mounted file system. It is safe for concurrent use.
type Disk struct {
	dir    string
	server *fuse.Server

	mu     sync.Mutex // guards what follows, and every inode
	root   *inode
	random *rand.Rand
	last   uint64 // number of the newest inode
	// off is set from the cut on: nothing changes any more.
	off bool
	// left counts down to the operation in which the power fails; trip is told.
	left int
	trip func()
}

// An inode is a file, a directory or a socket.
type inode struct {
	number  uint64
	mode    uint32 // with the type's bits
	content content
	names   names
}

func (i *inode) isDirectory() bool { return i.mode&syscall.S_IFMT == syscall.S_IFDIR }

func (i *inode) stable() fs.StableAttr {
	return fs.StableAttr{Mode: i.mode & syscall.S_IFMT, Ino: i.number}
}

// newInode is called with mu held.
func (d *Disk) newInode(mode uint32) *inode {
	d.last++
	return &inode{number: d.last, mode: mode, names: newNames()}
}

// TripIn lets the power fail in the middle of the nth operation from now that
// changes or syncs something, and tells trip, which should kill the program. The
// operation fails, and so does every later one until [Disk.Cut].
func (d *Disk) TripIn(n int, trip func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left, d.trip = n, trip
}

// powered is called with mu held, in every operation that changes or syncs
// something. The power may fail in it.
func (d *Disk) powered() bool {
	if d.trip != nil {
		if d.left--; d.left <= 0 {
			d.off = true
			d.trip()
			d.trip = nil
		}
	}
	return !d.off
}

// Cut cuts the power: what was not synced is gone, but for a random part of it:
// each change survives with the probability keep, from 0 to 1. No program may
// have anything open on the disk any more.
func (d *Disk) Cut(keep float64) error {
	if err := d.Close(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off, d.trip = false, nil
	d.root.cut(d.random, keep)
	return d.attach()
}

// cut cuts the power of a file, or of all below a directory.
func (i *inode) cut(random *rand.Rand, keep float64) {
	i.content.cut(random, keep)
	i.names.cut(random, keep)
	for _, below := range i.names.now {
		below.cut(random, keep)
	}
}
