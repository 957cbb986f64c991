package wire

// CONTRACT STUB: the wire owner splits this file into one file per message.

import (
	"net/netip"
	"time"
)

// Version of the protocol, sent in Hello and Welcome.
const Version = 1

// ---- shared parts ----

type TransactionID [12]byte // STUN transaction id
type Cookie [20]byte        // 4 bytes unix seconds, 16 bytes truncated HMAC-SHA256(secret, "peerd cookie v1"||seconds||ip16||port)
type ProbeKey [32]byte      // MAC key of one direction of one session's probes
type MessageID [16]byte     // text form: 26 chars base32; first 6 bytes are unix milliseconds, so ids sort by time

type CandidateKind uint8 // CandidateLocal=1, CandidateObserved=2 (certified by cookie), (later: predicted 3, mapped 4)

const (
	CandidateLocal    CandidateKind = 1
	CandidateObserved CandidateKind = 2
)

type Candidate struct {
	Endpoint netip.AddrPort
	Kind     CandidateKind
	Cookie   Cookie // observed candidates on the way to the rendezvous only
}

type Mapping uint8    // unknown 0, none 1, eim 2, adm 3, apdm 4; String() gives the §C words
type Filtering uint8  // unknown 0, eif 1, adf 2, apdf 3
type Allocation uint8 // unknown 0, preserving 1, sequential 2, random 3, block 4

const (
	MappingUnknown Mapping = iota
	MappingNone
	MappingEIM
	MappingADM
	MappingAPDM
)
const (
	FilteringUnknown Filtering = iota
	FilteringEIF
	FilteringADF
	FilteringAPDF
)
const (
	AllocationUnknown Allocation = iota
	AllocationPreserving
	AllocationSequential
	AllocationRandom
	AllocationBlock
)

type NATReport struct {
	Mapping    Mapping
	Filtering  Filtering
	Allocation Allocation
}

// A SignedPrekey is an X25519 public key for HPKE, signed by its owner's identity:
// Ed25519 over "peerd prekey v1" || ID (8) || Public (32).
type SignedPrekey struct {
	ID        uint64 // 0 = no prekey
	Public    [32]byte
	Signature [64]byte
}

// A Row is one member of the circle in the roster.
type Row struct {
	Key    Key
	Name   string
	Prekey SignedPrekey
	Online bool
	Since  time.Time // of the last login (online) or logout (offline); zero = never seen
}

// ---- control connection: peer -> rendezvous ----

type Hello struct {
	Version       uint32
	Name          string // wished name; empty = keep the one bound to the key
	Token         []byte // invite token, only to become a member; else empty
	Instance      Instance
	Candidates    []Candidate
	NAT           NATReport
	Prekey        SignedPrekey
	RosterEpoch   uint64 // of the roster the peer holds; 0 = none
	RosterVersion uint64
}

type Endpoints struct { // replaces what Hello said
	Candidates []Candidate
	NAT        NATReport
}

type Prekey struct{ Prekey SignedPrekey }

type Talk struct {
	To         Key
	Candidates []Candidate // fresh ones
	NAT        NATReport
	Sealed     []byte // may be empty; else a sealed envelope (peer/seal), <= MaxSealed
}

// ---- rendezvous -> peer ----

type Welcome struct {
	Version  uint32
	Circle   string
	Name     string         // the name bound to the key
	Observed netip.AddrPort // TCP source endpoint as the rendezvous saw it
}

type RefusedCode uint8

const (
	RefusedVersion RefusedCode = iota + 1
	RefusedInviteUnknown
	RefusedInviteExpired
	RefusedInviteUsedUp
	RefusedInviteRevoked
	RefusedNotMember // no invite given and the key is not a member
	RefusedNameTaken
	RefusedNameInvalid
	RefusedBusy
	RefusedMalformed
)

// Refused ends a connection. It is also an error (Error() is lower case, names cause; Hint() the next step).
type Refused struct {
	Code   RefusedCode
	Detail string
}

type Snapshot struct { // in chunks: More = further chunks of the same snapshot follow
	Epoch   uint64
	Version uint64
	Rows    []Row
	More    bool
}

type Delta struct { // applies to From exactly, gives To
	Epoch    uint64
	From, To uint64
	Changed  []Row // inserted or replaced whole
	Removed  []Key
	More     bool // further chunks of the same step follow (all with the same From and To)
}

type TalkRefusedCode uint8

const (
	TalkRefusedUnknownPeer TalkRefusedCode = iota + 1
	TalkRefusedOffline
	TalkRefusedPolicy
	TalkRefusedBusy // over a quota: retry later
)

type TalkRefused struct {
	To   Key
	Code TalkRefusedCode
}

type Introduction struct {
	Session    SessionID
	Peer       Key
	Instance   Instance
	Caller     bool        // true for the side whose Talk caused it
	Candidates []Candidate // of the peer
	NAT        NATReport   // of the peer
	FireIn     time.Duration
	Sealed     []byte // callee only
}

// ---- both ways on the control connection ----

type Envelope struct { // a sealed envelope for the other peer of the session
	Session SessionID
	Sealed  []byte
}

type Relay struct { // body is session (16) || payload, no protobuf
	Session SessionID
	Payload []byte // one QUIC datagram, <= 1500
}

type Ping struct{ Nonce uint64 }
type Pong struct{ Nonce uint64 }

type Goodbye struct { // from the rendezvous: shutting down, come back after ReturnIn; from the peer: logout
	Reason   string
	ReturnIn time.Duration
}

// ---- session streams ----

type Text struct {
	ID     MessageID
	Seq    uint64 // the sender's sequence in this conversation, from 1
	SentAt time.Time
	Body   string // UTF-8, <= MaxText bytes
}

type Receipt struct { // the message is on the recipient's disk
	ID          MessageID
	DeliveredAt time.Time
}

type Read struct { // every message up to Seq has been read
	UpTo uint64
	At   time.Time
}

// ---- inside the sealed envelope (plaintext content, see peer/seal): one Text or one Receipt, as a frame ----

// ---- datagrams ----

type Login struct { // STUN Binding request, always LoginSize bytes
	TransactionID TransactionID
}

type Accept struct { // STUN Binding success response, <= LoginSize bytes
	TransactionID TransactionID
	Observed      netip.AddrPort
	ControlPort   uint16
	OtherPort     uint16 // the rendezvous' second UDP port, for NAT mapping
	Cookie        Cookie
}

type Probe struct { // STUN Binding request with SESSION and MAC, always ProbeSize bytes
	TransactionID TransactionID
	Session       SessionID
}

type ProbeReply struct { // STUN Binding success response, <= ProbeSize bytes
	TransactionID TransactionID
	Session       SessionID
	Observed      netip.AddrPort // where the probe came from, as its receiver saw it
}

const (
	MaxText            = 64 << 10
	MaxSealed          = 70 << 10
	MaxCandidates      = 8
	RelayHeaderSize    = 17   // first byte + session
	RelayFirstByte     = 0x20 // not STUN (00 + cookie), and QUIC's fixed bit 0x40 clear
	MaxRelayedDatagram = 1500
)

// Datagram functions the wire owner writes:
//   func (m Login) Append(b []byte) []byte;                         func ParseLogin(d []byte) (Login, error)
//   func (m Accept) Append(b []byte) []byte;                        func ParseAccept(d []byte) (Accept, error)
//   func (m Probe) Append(b []byte, key ProbeKey) []byte;           func ParseProbe(d []byte, key ProbeKey) (Probe, error)  // ErrForged when the MAC is wrong
//   func (m ProbeReply) Append(b []byte, key ProbeKey) []byte;      func ParseProbeReply(d []byte, key ProbeKey) (ProbeReply, error)
//   func ProbeSession(d []byte) (SessionID, bool)  // unauthenticated peek, for probe and reply
//   func Classify(d []byte) DatagramKind           // DatagramQUIC, DatagramBindingRequest (incl. Login), DatagramBindingResponse, DatagramProbe, DatagramProbeReply, DatagramRelay, DatagramUnknown
//   func AppendRelayHeader(b []byte, s SessionID) []byte;           func ParseRelayHeader(d []byte) (SessionID, payload []byte, ok bool)
//   func NewCookie(secret *[32]byte, observed netip.AddrPort, now time.Time) Cookie; func (c Cookie) Valid(secret *[32]byte, observed netip.AddrPort, now time.Time) bool // age <= CookieLifetime (120 s), not from the future
