// Package disk is the part of sending files that touches them: it reads and hashes
// what is offered, and writes what arrives below the download folder, for the
// daemon (package peer).
//
//	downloads/
//	├── photo.jpg               done; nothing there is ever overwritten
//	├── photo (2).jpg
//	└── .peerd-incoming/
//	    └── <id of the offer>/
//	        └── content         a file or a folder: what has arrived so far
//
// Everything is reached through os.Root, so that neither a name nor a link that
// somebody has planted leads out of the folder. What is under content tells by its
// hashes which chunks are there; a crash, of the program or of the machine, costs
// what was not written and nothing else.
//
// It does not decide what is sent when, and knows no peers.
package disk
