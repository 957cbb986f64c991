// Package powercut is a disk that can lose its power: a file system in memory,
// mounted through FUSE, that knows of every byte and every name whether it has
// been synced. It serves internal/chaos, which puts the state directory of a
// real program on it.
//
//	program ──write, rename──▶ [ pending ] ──fsync of the file or directory──▶ [ durable ]
//	                               │
//	                           power cut: a random part survives, torn at sectors
//
// What a disk may do to unsynced data, this one does: forget it, keep a later
// write without an earlier one, keep some sectors of a write and not the others.
// A name (of a new, renamed or removed file) survives for sure only when its
// directory was synced; unsynced changes of a directory survive in their order,
// up to a random one, as those of a journal do.
//
// It is no fast disk and no full one: there are no links but hard ones, no times,
// no owners but the caller, and it keeps everything in memory.
package powercut
