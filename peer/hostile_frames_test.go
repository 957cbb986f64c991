package peer

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"runtime"
	"testing"

	"peerd/internal/hostilequic"
	"peerd/wire"
)

// What a connection may cost while it is attacked. Most attacks leave nothing at all;
// the dearest are fragments of streams with gaps between them, of which quic-go keeps a
// thousand for each of the 8 streams, in buffers of 1,452 octets when they have 128.
const (
	frameMemory    = 4 << 20
	fragmentMemory = 12 << 20
)

// Error codes with which QUIC closes (RFC 9000 section 20.1).
const (
	stays             = -1 // the connection is not closed
	internalError     = 0x1
	flowControlError  = 0x3
	streamLimitError  = 0x4
	streamStateError  = 0x5
	finalSizeError    = 0x6
	frameError        = 0x7
	protocolViolation = 0xa
	cryptoBufferError = 0xd
	keyUpdateError    = 0xe
	cryptoError       = 0x100 // and an alert of TLS
)

// An attack is what a contact gone bad sends on a connection, and how that ends.
type attack struct {
	name string
	send func(ctx context.Context, c *hostilequic.Conn) error
	ends int
	most int64 // what it may cost; 0: frameMemory
}

// once sends frames in one packet.
func once(frames ...hostilequic.Frame) func(context.Context, *hostilequic.Conn) error {
	return func(ctx context.Context, c *hostilequic.Conn) error {
		if err := c.SendFrames(frames...); err != nil {
			return err
		}
		return c.Settle(ctx)
	}
}

// flood sends many frames and acknowledges nothing.
func flood(count int, frame func(i int) hostilequic.Frame) func(context.Context, *hostilequic.Conn) error {
	return func(ctx context.Context, c *hostilequic.Conn) error {
		c.Silent = true
		return c.Flood(ctx, count, frame)
	}
}

func numbered(kind uint64, numbers ...uint64) hostilequic.Frame {
	return hostilequic.Frame{Type: kind, Numbers: numbers}
}

// own is the id of a stream that the client opens.
func own(i int) uint64 { return 4 * uint64(i) }

func octets(i int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(i)) }

func challenge(i int) hostilequic.Frame {
	return hostilequic.Frame{Type: hostilequic.PathChallenge, Data: octets(i)}
}

// newConnectionID gives a connection ID, and takes back those before retire.
func newConnectionID(i int, retire uint64) hostilequic.Frame {
	f := numbered(hostilequic.NewConnectionID, uint64(i), retire)
	f.Data = append([]byte{8}, octets(i)...)
	f.Data = append(append(f.Data, octets(i)...), octets(i)...) // a token
	return f
}

func crypto(offset int, data ...byte) hostilequic.Frame {
	return hostilequic.Frame{Type: hostilequic.Crypto, Numbers: []uint64{uint64(offset)}, Data: data}
}

func ending(id, offset uint64, data ...byte) hostilequic.Frame {
	return hostilequic.Frame{Type: hostilequic.StreamEnd, Numbers: []uint64{id, offset}, Data: data}
}

// fragments are pieces of all the streams there may be, in turn, with gaps of one octet.
func fragments(size int) func(i int) hostilequic.Frame {
	return func(i int) hostilequic.Frame {
		return stream(own(i%incomingStreams), 1+uint64(i/incomingStreams*(size+1)), make([]byte, size)...)
	}
}

const (
	incomingStreams  = 8 // MaxIncomingStreams of socket.QUICConfig
	streamWindow     = 256 << 10
	connectionWindow = 512 << 10
)

// floods are much of what may be said, or too much of it.
var floods = []attack{
	{"100,000 challenges", flood(100_000, challenge), stays, 0},
	{"connection IDs retired by each next one end the connection", // CVE-2024-22189
		flood(40_000, func(i int) hostilequic.Frame { return newConnectionID(i+1, uint64(i+1)) }), internalError, 0},
	{"fewer of them cost little while it lasts",
		flood(16_000, func(i int) hostilequic.Frame { return newConnectionID(i+1, uint64(i+1)) }), stays, 0},
	{"5,000 connection IDs of ours, retired as fast as they come",
		flood(5000, func(i int) hostilequic.Frame { return numbered(hostilequic.RetireConnectionID, uint64(i+1)) }), stays, 0},
	{"streams to the limit, one octet as far as the windows reach", flood(incomingStreams, func(i int) hostilequic.Frame {
		return stream(own(i), connectionWindow/incomingStreams-1, 1)
	}), stays, 0},
	{"1,000 fragments of one octet on each stream", flood(incomingStreams*999, fragments(1)), stays, fragmentMemory},
	{"all the fragments of 128 octets that the windows allow", flood(connectionWindow/129, fragments(128)), stays, fragmentMemory},
	{"more fragments on one stream", flood(2000, func(i int) hostilequic.Frame { return stream(0, 2*uint64(i)+1, 1) }), internalError, 0},
	{"900 fragments of a handshake that is over", flood(900, func(i int) hostilequic.Frame { return crypto(2*i+1, 1) }), stays, 0},
	{"more fragments of it", flood(2000, func(i int) hostilequic.Frame { return crypto(2*i+1, 1) }), internalError, 0},
	{"3,000 streams that are reset at once", openAndReset, stays, 0},
	{"10,000 acknowledgements of the first packet", flood(10_000, func(int) hostilequic.Frame { return numbered(hostilequic.Ack, 0, 0, 0, 0) }), stays, 0},
	{"limits that fall", flood(20_000, func(i int) hostilequic.Frame { return numbered(hostilequic.MaxData, uint64(1<<30-i)) }), stays, 0},
	{"20,000 complaints that a limit is too low", flood(20_000, func(i int) hostilequic.Frame { return numbered(hostilequic.DataBlocked, uint64(i)) }), stays, 0},
	{"packets larger than any that QUIC sends", func(ctx context.Context, c *hostilequic.Conn) error {
		for size := 1 << 10; size < 64<<10; size += 1 << 10 {
			if err := c.Send(make([]byte, size)); err != nil {
				return err
			}
		}
		return c.Settle(ctx)
	}, stays, 0},
}

// misplaced is what nobody may say at all.
var misplaced = []attack{
	{"a connection ID that retires later ones", once(newConnectionID(1, 2)), frameError, 0},
	{"a connection ID of ours that was never given", once(numbered(hostilequic.RetireConnectionID, 1<<40)), protocolViolation, 0},
	{"a handshake without end", once(crypto(1<<30, 1)), cryptoBufferError, 0},
	{"an acknowledgement of what was never sent", once(numbered(hostilequic.Ack, 1<<40, 0, 0, 0)), protocolViolation, 0},
	{"an acknowledgement of more ranges than there are octets", once(numbered(hostilequic.Ack, 1, 0, 1<<60, 0)), frameError, 0},
	{"ranges below packet 0", once(numbered(hostilequic.Ack, 1, 0, 1, 0, 5, 5)), frameError, 0},
	{"limits that could not be larger", once(numbered(hostilequic.MaxData, hostilequic.Largest), numbered(hostilequic.MaxStreams, 1<<60)), stays, 0},
	{"more streams than there can be", once(numbered(hostilequic.MaxStreams, 1<<60+1)), frameError, 0},
	{"octets beyond the stream's limit", once(stream(0, streamWindow, 1)), flowControlError, 0},
	{"octets beyond the connection's limit", once(stream(own(0), streamWindow-1, 1), stream(own(1), streamWindow-1, 1), stream(own(2), 0, 1)), flowControlError, 0},
	{"a stream beyond the limit", once(stream(own(incomingStreams), 0, 1)), streamLimitError, 0},
	{"a stream of the kind that nobody may open", once(stream(2, 0, 1)), streamLimitError, 0},
	{"a stream that we would have to open", once(stream(1<<20+1, 0, 1)), streamStateError, 0},
	{"a limit for a stream that we would have to open", once(numbered(hostilequic.MaxStreamData, 1<<20+1, 1)), streamStateError, 0},
	{"an end that moves", once(ending(0, 0, 1), ending(0, 1, 1)), finalSizeError, 0},
	{"octets behind the end", once(ending(0, 0, 1), stream(0, 5, 1)), finalSizeError, 0},
	{"a reset that says another end", once(ending(0, 0, 1), numbered(hostilequic.ResetStream, 0, 0, 5)), finalSizeError, 0},
	{"a reset after the end", once(ending(0, 0, 1), numbered(hostilequic.ResetStream, 0, 0, 1)), stays, 0},
	{"a client that says the handshake is done", once(numbered(hostilequic.HandshakeDone)), protocolViolation, 0},
	{"a client that gives a token", once(hostilequic.Frame{Type: hostilequic.NewToken, Data: []byte("token")}), protocolViolation, 0},
	{"an answer to no challenge", once(hostilequic.Frame{Type: hostilequic.PathResponse, Data: octets(1)}), protocolViolation, 0},
	{"an update of keys by TLS", once(crypto(0, 24, 0, 0, 1, 0)), cryptoError, 0},
	{"a ticket from the client", once(crypto(0, 4, 0, 0, 14, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0)), cryptoError, 0},
	{"a frame of no known type", once(numbered(0x1f)), frameError, 0},
	{"a datagram, which was not agreed upon", once(hostilequic.Frame{Type: 0x30, Data: octets(1)}), frameError, 0},
	{"a packet without frames", func(ctx context.Context, c *hostilequic.Conn) error {
		return errors.Join(c.Send(nil), c.Settle(ctx))
	}, protocolViolation, 0},
	{"keys that are updated with every packet", func(ctx context.Context, c *hostilequic.Conn) error {
		for range 100 {
			if err := errors.Join(c.UpdateKeys(), c.SendFrames(numbered(hostilequic.Ping))); err != nil {
				return err
			}
		}
		return c.Settle(ctx)
	}, keyUpdateError, 0},
}

// openAndReset opens streams and resets them, as fast as it may.
func openAndReset(ctx context.Context, c *hostilequic.Conn) error {
	allowed := uint64(incomingStreams)
	for i := range 3000 {
		id := own(i)
		for uint64(i) >= allowed {
			more, err := c.Await(ctx, func(f hostilequic.Frame) bool { return f.Type == hostilequic.MaxStreams })
			if err != nil {
				return err
			}
			allowed = max(allowed, more.Numbers[0])
		}
		err := c.SendFrames(stream(id, 0, 1), numbered(hostilequic.ResetStream, id, 0, 1), numbered(hostilequic.StopSending, id, 0))
		if err != nil {
			return err
		}
	}
	return c.Settle(ctx)
}

// challengeAndWait challenges a client 3,000 times, in as many packets because it answers
// one in each, and takes no answer before the last.
func challengeAndWait(ctx context.Context, c *hostilequic.Conn) error {
	c.Silent = true
	for i := range 3000 {
		if err := c.SendFrames(challenge(i)); err != nil {
			return err
		}
		if i%100 == 0 {
			if err := c.Settle(ctx); err != nil {
				return err
			}
		}
	}
	c.Silent = false
	answers := 0
	for range 50 {
		if err := c.SendFrames(numbered(hostilequic.Ping), numbered(hostilequic.Ping)); err != nil {
			return err
		}
		_, err := c.Await(ctx, func(f hostilequic.Frame) bool {
			if f.Type == hostilequic.PathResponse {
				answers++
			}
			return f.Type == hostilequic.Ack
		})
		if err != nil {
			return err
		}
	}
	if answers > 1000 { // 256 are kept; those that congestion control let out before are more
		return fmt.Errorf("%d of 3,000 answers were kept", answers)
	}
	return nil
}

// heap is what is on the heap that somebody still needs.
func heap() int64 {
	runtime.GC()
	runtime.GC() // for what pools keep over one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// withstand has a contact gone bad do its worst on a connection, while an honest one
// goes on talking to the same daemon.
func (h *hostile) withstand(t *testing.T, c *hostilequic.Conn, a attack, bob *Daemon) {
	t.Helper()
	before := heap()
	ended := make(chan error, 1)
	go func() { ended <- a.send(h.guard(), c) }()
	h.send(bob, "alice", "meanwhile")
	err := <-ended
	if closed, ok := errors.AsType[*hostilequic.ClosedError](err); ok {
		if code := int(closed.Code); code != a.ends && code&^0xff != a.ends || closed.Application {
			t.Errorf("the connection ended with %v, want code %#x", closed, a.ends)
		}
	} else if err != nil || a.ends != stays {
		t.Errorf("the attack ended with %v, want the connection closed with code %#x", err, a.ends)
	}
	grown := heap() - before
	t.Logf("the heap has grown by %d KiB", grown>>10)
	if grown > max(a.most, frameMemory) {
		t.Errorf("it cost %d octets, want at most %d", grown, max(a.most, frameMemory))
	}
	h.send(bob, "alice", "afterwards")
}

// attacked has a contact make attacks, each on a connection that it has dialled.
func attacked(t *testing.T, attacks []attack) {
	h := newHostile(t)
	alice, bob := h.join("alice"), h.join("bob")
	h.knows(bob, "alice")
	h.send(bob, "alice", "before")
	mallory := h.goneBad(alice, "mallory", true)
	h.withstand(t, mallory.connect(t, wire.SessionProtocol), attack{"nothing", once(numbered(hostilequic.Ping)), stays, 0}, bob)
	h.connection(alice, bob)
	h.connection(bob, alice)
	before := settledGoroutines(h.circle)
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			c := mallory.connect(t, wire.SessionProtocol)
			h.withstand(t, c, a, bob)
			c.Close()
			h.await("goroutines are what they were", func() bool { return runtime.NumGoroutine() <= before })
		})
	}
}

// TestT15FloodsOfFramesCostLittle has a contact send frames without end, and acknowledge
// nothing.
func TestT15FloodsOfFramesCostLittle(t *testing.T) { attacked(t, floods) }

// TestT15FramesThatNobodyMaySendEndTheConnection has a contact send what no honest QUIC
// does.
func TestT15FramesThatNobodyMaySendEndTheConnection(t *testing.T) { attacked(t, misplaced) }

// TestT15PeerThatWasDialledCostsNoMore has a contact attack as the server of a connection
// that alice has dialled.
func TestT15PeerThatWasDialledCostsNoMore(t *testing.T) {
	h := newHostile(t)
	alice, bob := h.join("alice"), h.join("bob")
	h.knows(bob, "alice")
	h.send(bob, "alice", "before")
	for i, a := range []attack{
		{"answers to challenges are not kept while nobody takes them", challengeAndWait, stays, 0}, // CVE-2023-49295
		{"20,000 tokens", flood(20_000, func(i int) hostilequic.Frame {
			return hostilequic.Frame{Type: hostilequic.NewToken, Data: make([]byte, 100)}
		}), stays, 0},
		{"connection IDs retired by each next one end the connection",
			flood(40_000, func(i int) hostilequic.Frame { return newConnectionID(i+1, uint64(i+1)) }), internalError, 0},
		{"1,000 fragments of one octet on each stream", flood(incomingStreams*999, func(i int) hostilequic.Frame {
			f := fragments(1)(i)
			f.Numbers[0]++ // the server's
			return f
		}), stays, fragmentMemory},
		{"a ticket that was not asked for", once(crypto(0, 4, 0, 0, 14, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0)), stays, 0},
		{"a handshake that is done again and again", flood(20_000, func(int) hostilequic.Frame { return numbered(hostilequic.HandshakeDone) }), stays, 0},
		{"a stream that we would have to open", once(stream(1<<20, 0, 1)), streamStateError, 0},
	} {
		t.Run(a.name, func(t *testing.T) {
			mallory := h.goneBad(alice, "mallory"+string(rune('a'+i)), false)
			h.withstand(t, mallory.connect(t, wire.SessionProtocol), a, bob)
		})
	}
}

// TestT15PathThatIsNeverProvenCostsNothing has a contact move its connection to the path
// of another one, get the challenges that probe it, and acknowledge what comes later:
// the probes count as lost (CVE-2025-29785).
func TestT15PathThatIsNeverProvenCostsNothing(t *testing.T) {
	h := newHostile(t)
	alice, bob := h.join("alice"), h.join("bob")
	h.knows(bob, "alice")
	mallory, accomplice := h.goneBad(alice, "mallory", true), h.goneBad(alice, "accomplice", true)
	moving := &elsewhere{contactGoneBad: mallory}
	c, err := hostilequic.Dial(h.guard(), moving, mallory.MutualTLS(wire.SessionProtocol, alice.Key()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	probed := 0
	h.withstand(t, c, attack{"moving", func(ctx context.Context, c *hostilequic.Conn) error {
		for i := range 20 {
			if err := c.SendFrames(newConnectionID(i+1, uint64(i))); err != nil { // for the path to come
				return err
			}
			moving.through = accomplice.conn
			if err := c.SendFrames(challenge(i), numbered(hostilequic.Ping)); err != nil {
				return err
			}
			moving.through = nil
			for range 5 { // five packets later, what was not acknowledged is lost
				if err := c.Settle(ctx); err != nil {
					return err
				}
			}
		}
		return nil
	}, stays, 0}, bob)
	for len(accomplice.packets) > 0 {
		<-accomplice.packets
		probed++
	}
	if probed == 0 {
		t.Error("alice has probed nothing: this proves nothing")
	}
}

// elsewhere is a carrier that sends through another's socket while there is one.
type elsewhere struct {
	*contactGoneBad
	through *net.UDPConn
}

// Send implements hostilequic.Carrier.
func (e *elsewhere) Send(datagram []byte) error {
	if e.through == nil {
		return e.contactGoneBad.Send(datagram)
	}
	_, err := e.through.WriteToUDPAddrPort(datagram, e.at)
	return err
}

// TestT15HandshakesThatNeverEndCostLittle has a contact begin handshakes, and leave it at
// that: most of them leave nothing at our side.
func TestT15HandshakesThatNeverEndCostLittle(t *testing.T) {
	h := newHostile(t)
	alice, bob := h.join("alice"), h.join("bob")
	h.knows(bob, "alice")
	h.send(bob, "alice", "before")
	mallory := h.goneBad(alice, "mallory", true)
	kept := mallory.connect(t, wire.SessionProtocol)
	goroutines := runtime.NumGoroutine()
	h.withstand(t, kept, attack{"half-open", func(ctx context.Context, _ *hostilequic.Conn) error {
		for i := range 1000 {
			_, err := hostilequic.Dial(ctx, gone{mallory}, mallory.MutualTLS(wire.SessionProtocol, alice.Key()))
			if !errors.Is(err, errGone) {
				return err
			}
			if i%50 == 0 {
				if err := kept.Settle(ctx); err != nil { // so that none gets lost on the way
					return err
				}
			}
		}
		return kept.Settle(ctx)
	}, stays, frameMemory}, bob)
	if more := runtime.NumGoroutine() - goroutines; more > 400 {
		t.Errorf("%d goroutines wait for handshakes to go on, want 400 at most", more)
	}
}

// gone is a carrier of somebody who does not stay for the answer.
type gone struct{ *contactGoneBad }

var errGone = errors.New("gone")

// Receive implements hostilequic.Carrier.
func (gone) Receive(context.Context) ([]byte, error) { return nil, errGone }
