package rendezvous

import (
	"runtime"
	"time"

	"peerd/roster"
	"peerd/wire"
)

// Times of a control connection.
const (
	// helloTimeout is how long a stranger may take from TCP accept to a whole
	// Hello. It stops slowloris: clients that dribble bytes to hold a slot. What
	// they hold is bounded by maxHalfOpen; this only ends it. Shorter loses honest
	// peers: over a round trip of 80 ms with 10 % loss each way 3 logins in 100
	// take more than 2 s and 1 more than 5, with 20 % loss 19 and 8.
	helloTimeout = 5 * time.Second
	// pingEvery is how often a silent connection is asked for a sign of life.
	// It also keeps the TCP mapping of home routers open.
	pingEvery = 10 * time.Second
	// silenceLimit is when a peer that says nothing is dead. Its logout is
	// announced at once, so everybody knows within 30 s. Two lost pings fit in.
	silenceLimit = 25 * time.Second
	// writeTimeout is how long writeAtATime bytes may take to be written before the
	// connection is closed: a client that stops reading must not hold memory for ever.
	writeTimeout = 10 * time.Second
	// writeAtATime is how many bytes have writeTimeout. Were it all that waits, a slow
	// line would never bring the roster of a large circle; at 200 kbit/s this comes.
	writeAtATime = 256 << 10
	// lingerTimeout is how long we wait for a client that is refused, or told goodbye,
	// to read why and hang up. Shorter loses these words on slow lines; longer keeps
	// the connections of those who do not hang up, and a shutdown waiting for them.
	lingerTimeout = time.Second
)

// Bounds on the operator's services: metrics, which may be public, and the admin socket.
const (
	// maxServiceConns bounds the connections of the metrics service. Those that come
	// later wait in the kernel, so that whoever opens many spends no file descriptors
	// of peers'.
	maxServiceConns = 32
	// serviceIdle is how long a silent connection between two requests is kept: a
	// little more than what monitoring waits between two looks.
	serviceIdle = 20 * time.Second
)

// Bounds on strangers: connections that have not said a valid Hello yet.
const (
	// maxHello bounds a stranger's first frame. Without it a header of four
	// bytes would make us set aside the largest frame's memory. The largest
	// honest Hello has about 1 KiB.
	maxHello = 4 << 10
	// maxSaidByStranger bounds all that one may say, in bytes: TLS alone would
	// hold a ClientHello of 64 KiB and a certificate of 256 KiB for each of
	// maxHalfOpen strangers. An honest login has about 3 KiB, and 7 at most.
	maxSaidByStranger = 16 << 10
	// maxHalfOpen bounds them all. A flood of connects then costs at most
	// about 30 MB. Those who have not said a whole ClientHello give way first,
	// the oldest of them, so an honest login still gets through the flood; those
	// from where members are come last. Fewer, and a thousand peers that come back
	// after a restart push each other out.
	maxHalfOpen = 1024
	// maxHalfOpenPerSource bounds those of one address (IPv4) or /56 (IPv6),
	// so that one host cannot push out everybody else's. Large enough for the
	// peers behind one carrier's NAT to come back together after a restart.
	maxHalfOpenPerSource = 256
	// connectRate and connectBurst are how often one source may connect before its
	// handshakes have to wait for everybody else's, and its connections give way
	// first: 50 a second take a fiftieth of a core. Nobody is refused for it. The
	// burst is for the peers behind one carrier's NAT after a restart.
	connectRate  = 50 // per second
	connectBurst = 300
	// maxFamiliarPerKey is how many sources of each member are served first in a
	// flood: home, work, on the way. More let one member vouch for more strangers.
	maxFamiliarPerKey = 4
)

// handshakesAtATime is how many handshakes may use the processor at once, against
// floods from so many sources that no limit on one of them helps: half of the cores
// are left to those who are logged in. More, and relaying suffers in such a flood;
// fewer than one cannot be. One core does more than 2,000 logins a second.
func handshakesAtATime() int { return max(1, runtime.GOMAXPROCS(0)/2) }

// Bounds on who joins. A source is an IPv4 address or an IPv6 /56. Members, whose keys are
// known, are under none of them.
const (
	// refusedRate and refusedBurst bound the refused logins of one source: guessing
	// tokens, and trying names, is slow. Every refusal costs us a handshake, too. The
	// burst is as large as maxHalfOpenPerSource, so that a carrier's NAT behind which
	// many mistype does not lock the next newcomer out; members behind it never are.
	refusedRate  = 20. / 60 // per second
	refusedBurst = maxHalfOpenPerSource
	// joinRate and joinBurst bound the strangers of one source who become members of
	// an open circle, where identities cost nothing: one host could squat on all
	// names, or fill the roster, which every member holds in memory. Smaller turns
	// away a class of students behind one router.
	joinRate  = 1. / 60 // per second
	joinBurst = 32
	// joinRateInAll and joinBurstInAll bound them together, as a prefix of IPv6 has
	// millions of sources. Filling the roster (roster.MaxMembers) takes three weeks,
	// in which the operator sees it happen.
	joinRateInAll  = 2. / 60 // per second
	joinBurstInAll = 256
)

// Bounds on members.
const (
	// maxBacklog is how many bytes may wait for a slow reader before its
	// connection is closed: 18 MiB. It must hold the roster of the largest circle
	// with the longest rows, and then some: nobody could log in to a circle whose
	// roster is larger. Above, members who never read would eat the memory.
	maxBacklog = roster.MaxMembers/wire.MaxRows*(wire.FrameHeaderSize+wire.MaxBody) + maxRelayBacklog
	// maxBacklogInAll is how many bytes may wait for all slow readers together.
	// Above, whoever has more than maxRelayBacklog waiting is disconnected:
	// otherwise a hundred members who never read would take maxBacklog each.
	// Smaller disconnects honest peers when a large circle comes back at once.
	maxBacklogInAll = 128 << 20
	// maxRelayBacklog is how many bytes may wait before further relayed frames
	// are dropped, as a router would: QUIC slows down, the roster still comes.
	maxRelayBacklog = 256 << 10
	// maxOfferBacklog is how many bytes may wait before further introductions and
	// envelopes for the same member are refused, so that one who talks to a slow
	// reader without end neither fills maxBacklog, which would log that reader
	// out, nor takes the place of what is relayed to it. It must not be less than
	// one envelope. What is being written does not count, here and in the other
	// bounds of what waits: it was within them when its write began.
	maxOfferBacklog = 128 << 10
	// maxSessionsPerKey bounds the sessions one key may have open. Without it
	// a member could fill the table by talking under ever new instances.
	maxSessionsPerKey = 1024
	// sessionIdle is when an unused session is forgotten. Peers on a direct
	// path may come back to the relay much later; they then talk anew.
	sessionIdle = 30 * time.Minute
	// talkRate and talkBurst bound one key's Talks: every Talk makes two peers
	// fire probes (introduction abuse). The burst lets a peer reach a whole
	// circle when it starts.
	talkRate  = 10 // per second
	talkBurst = 300
	// askRate and askBurst bound one key's frames that are not relayed: each takes
	// a lock that others need, or has an answer. Who sends more is read more
	// slowly. The burst is twice as many talks as talkBurst, since a talk may be
	// followed by one with predicted endpoints, and what else a peer says when it
	// starts.
	askRate  = 100 // per second
	askBurst = 1000
	// changeRate and changeBurst bound one key's logins and prekeys: each is pushed
	// to every member, so that one member's loop is everybody's traffic. A login
	// above is refused and the peer tries again; a prekey waits. A connection that
	// comes and goes every second is still served, and so is a minute of restarts.
	changeRate  = 1 // per second
	changeBurst = 60
	// maxPause is how long a frame over its sender's rate waits at most; it is
	// what one member can delay a shutdown by. It must not be less than a token of
	// changeRate takes.
	maxPause = time.Second
	// overQuotaPause is how long a control connection is not read after a relay
	// frame above the quota, which is dropped. Without it a member makes us decrypt
	// a gigabyte per second for nothing. Longer slows honest peers that are only
	// just above it.
	overQuotaPause = time.Millisecond
	// DefaultRelayRate is what one key may have relayed, in bytes per second:
	// 200 Mbit/s, so that nobody takes the whole line of a small server.
	DefaultRelayRate = 25_000_000
	// relayBurst is how many bytes may come at once: one second of the
	// default rate. With lower rates it is one second of those, but never less
	// than one super-buffer or envelope.
	relayBurst = 25_000_000
	// udpFresh is how long a proven UDP endpoint counts after its last
	// datagram. Peers log in again at least once a minute, more often where
	// their NAT forgets earlier; after that the control connection is safer.
	udpFresh = 75 * time.Second
)

// Bounds on plain STUN clients; peerd's own logins need none, since no answer
// to them is larger than the question.
const (
	// bindingRate and bindingBurst bound the answers to one /24 or /48. A
	// plain Binding answer is 12 to 24 bytes longer than its question, which a
	// forger of sources could use to amplify a flood 1.6 to 2.2 times.
	bindingRate  = 20 // per second
	bindingBurst = 50
)
