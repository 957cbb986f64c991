// Package transfer is the thinking part of sending files: what a manifest says and
// whether it may be believed, which chunks are missing and whom to ask for how
// many, and what a file is called on our disk whatever its sender calls it. It
// serves the daemon (package peer) and package disk below it.
//
//	FileOffer{root} ──▶ Manifest ──▶ Plan ──▶ FileWant … chunk ──▶ Verify ──▶ Plan
//	                       │                                         │
//	                       └──▶ Layout: names on our disk            └── hash tree:
//
//	          root                         of the FileOffer
//	        ╱      ╲
//	   entry        entry                  kind, path, size, root of its chunks
//	  ╱     ╲      ╱     ╲
//	chunk  chunk chunk  chunk              1 MiB each
//
// The manifest holds the hashes of the chunks; the rest of the tree follows from
// them. So a chunk counts as soon as it has arrived, on whatever connection, and
// what is on the disk tells by itself which chunks are there: nothing else has to
// be remembered over a crash.
//
// It is pure: no file, socket, clock or goroutine. The disk is package disk's, the
// bytes of frames are package wire's.
package transfer
