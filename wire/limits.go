package wire

import "time"

// The versions of the protocol, as in Hello and Welcome. Version rises only when an
// old reader would misunderstand, not when a field is added; a rendezvous refuses
// a peer whose version it does not speak (RefusedVersion).
const (
	// Version is the highest that we speak. Version 2 is version 1 whose readers
	// heed Requires: those of version 1 would skip it.
	Version = versionRequires
	// MinVersion is the lowest that we speak. Raising it locks out deployed programs.
	MinVersion = 1

	versionRequires = 2
)

// Limits of what one message may hold. Encoders refuse to exceed them and
// decoders refuse what does, before memory is spent on it. Raising one raises
// what a stranger can make a process allocate per frame; lowering one makes us
// refuse what deployed peers may send.
const (
	// MaxText bounds a message's text in bytes. Longer content is a file.
	MaxText = 64 << 10
	// MaxGroupEntries bounds the present and past members of a Group: each costs a
	// peer 40 octets in every change, and a message to the group a copy.
	MaxGroupEntries = 200
	// MaxItem bounds what an item says in bytes: a text of MaxText and 1 KiB about it.
	MaxItem = MaxText + 1<<10
	// MaxSealed bounds a sealed envelope: a Text of MaxText, its frame header
	// and fields, and 5 KiB for encapsulated key, signature and padding.
	MaxSealed = 70 << 10
	// MaxFileName bounds a name in a FileOffer and in a manifest, in bytes: what the
	// file systems of today hold.
	MaxFileName = 255
	// MaxFileSize bounds what one FileOffer offers, in bytes: 1 TiB, whose hashes
	// fill most of a manifest.
	MaxFileSize = 1 << 40
	// MaxFiles bounds the files of one FileOffer.
	MaxFiles = 100_000
	// MaxManifest bounds a manifest in bytes: a peer whose offer was accepted can
	// make us hold as much in memory.
	MaxManifest = 48 << 20
	// MaxFileWant bounds the chunks of one FileWant: what a peer can make us read
	// with one frame.
	MaxFileWant = 256
	// MaxCandidates bounds the candidates of one peer, local ones included: each
	// one costs probes, aimed at an address that the peer chose (security: it is
	// the amplification factor of a lying peer).
	MaxCandidates = 8
	// MaxRows bounds the rows and removed keys, together, of one Snapshot or
	// Delta chunk. 256 of the longest rows fill 71.3 KiB: more would not fit a frame.
	MaxRows = 256
	// MaxName bounds a name in bytes of UTF-8: 32 characters of four bytes.
	MaxName = 128
	// MaxFeatures bounds what one Hello or Welcome requires.
	MaxFeatures = 64
	// MaxCircle bounds a circle's name in bytes of UTF-8.
	MaxCircle = 128
	// MaxCertificate bounds a membership certificate, with the longest name.
	MaxCertificate = certificateHeader + MaxName
	// MaxToken bounds an invite token; today's are 16 bytes.
	MaxToken = 64
	// MaxDetail bounds the free text of Refused and Goodbye in bytes of UTF-8.
	MaxDetail = 256
	// MaxRelayedDatagram bounds one relayed datagram: no larger one leaves a
	// home router whole, and QUIC starts at 1200 and probes up to 1452.
	MaxRelayedDatagram = 1500
	// MaxLifetime bounds the lifetime a peer may claim for its idle mappings: it
	// decides how long we stay silent, and a false one must not cost a path.
	MaxLifetime = 24 * time.Hour
	// MaxFireIn bounds how long an introduction may ask to wait before probing.
	// Longer than any round trip, shorter than a user's patience: a rogue
	// rendezvous cannot park a session for an hour.
	MaxFireIn = 10 * time.Second
	// MaxReturnIn bounds how long a leaving rendezvous may send peers away.
	MaxReturnIn = 24 * time.Hour
)
