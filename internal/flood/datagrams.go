//go:build linux

package flood

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"peerd/wire"
)

const (
	// junkRate is how many datagrams a flood sends per second.
	junkRate = 50_000
	// junkBatch is how many go to the kernel at once.
	junkBatch = 50
)

// datagramSize is that of junk which has no size of its own.
const datagramSize = 200

// A kind of junk writes itself into a datagram.
type junkKind func() []byte

// junkKinds are all that come to the UDP port of a rendezvous: noise, and what it
// understands but for the sender being somebody else.
var junkKinds = map[string]junkKind{
	"noise": func() []byte { return noise(make([]byte, 0, datagramSize), datagramSize) },
	"bindings": func() []byte {
		return wire.BindingRequest{TransactionID: wire.TransactionID(noise(nil, 12))}.Append(nil)
	},
	"logins": func() []byte { return wire.Login{TransactionID: wire.TransactionID(noise(nil, 12))}.Append(nil) },
	"relay-frames": func() []byte {
		return noise(wire.AppendRelayHeader(nil, wire.SessionID(noise(nil, 16))), 1000)
	},
	"classic": classicLogin,
	"quic": func() []byte { // a long header of version 1: an Initial of 1,200 bytes
		return noise([]byte{0xc3, 0, 0, 0, 1, 8}, 1200-6)
	},
}

func noise(b []byte, n int) []byte {
	random := make([]byte, n)
	_, _ = rand.Read(random) // never fails
	return append(b, random...)
}

// sendJunk returns a play that sends datagrams of the given kinds in turn, three
// quarters over IPv4 and the others over IPv6, each from a source of its own.
func sendJunk(kinds ...string) play {
	return func(ctx context.Context, at aim) (report, error) {
		batches, err := newBatches(at, kinds)
		if err != nil {
			return report{}, err
		}
		defer batches.close()
		sent := 0
		begun := time.Now()
		for ctx.Err() == nil {
			due := min(int(time.Since(begun).Seconds()*junkRate)-sent, junkRate/20) // no more than 50 ms are made up for
			if due < junkBatch {
				time.Sleep(200 * time.Microsecond)
				continue
			}
			n, err := batches.sendNext()
			if err != nil {
				return report{}, err
			}
			sent += n
		}
		return report{Done: sent, What: "datagrams"}, nil
	}
}

// batches are datagrams that are prepared, to be sent over and over: what they cost
// us is not what is measured.
type batches struct {
	conn4, conn6 *net.UDPConn
	four         *ipv4.PacketConn
	six          *ipv6.PacketConn
	prepared     [][]ipv4.Message
	next         int
}

// preparedBatches is how many there are: 64 × 50 datagrams and sources.
const preparedBatches = 64

func newBatches(at aim, kinds []string) (*batches, error) {
	b := new(batches)
	var err error
	if b.conn4, err = listenAnywhere("udp4"); err != nil {
		return nil, err
	}
	if b.conn6, err = listenAnywhere("udp6"); err != nil {
		return nil, err
	}
	b.four, b.six = ipv4.NewPacketConn(b.conn4), ipv6.NewPacketConn(b.conn6)
	for i := range preparedBatches {
		network := attackers4
		if isSixth(i) {
			network = attackers6
		}
		b.prepared = append(b.prepared, prepare(junkKinds[kinds[i%len(kinds)]], network, at))
	}
	return b, nil
}

// isSixth says which batches go over IPv6; it has no divisor in common with the
// number of kinds.
func isSixth(i int) bool { return i%4 == 3 }

func listenAnywhere(network string) (*net.UDPConn, error) {
	config := net.ListenConfig{Control: bindAnywhere}
	conn, err := config.ListenPacket(context.Background(), network, ":0")
	if err != nil {
		return nil, fmt.Errorf("open a socket for junk: %w", err)
	}
	return conn.(*net.UDPConn), nil
}

func prepare(kind junkKind, network netip.Prefix, at aim) []ipv4.Message {
	messages := make([]ipv4.Message, junkBatch)
	for i := range messages {
		source := pick(network)
		control := (&ipv4.ControlMessage{Src: source.AsSlice()}).Marshal()
		if source.Is6() {
			control = (&ipv6.ControlMessage{Src: source.AsSlice()}).Marshal()
		}
		messages[i] = ipv4.Message{
			Buffers: [][]byte{kind()}, OOB: control, Addr: net.UDPAddrFromAddrPort(at.reachedFrom(source)),
		}
	}
	return messages
}

// sendNext sends the next batch and returns how many the kernel took.
func (b *batches) sendNext() (sent int, err error) {
	messages := b.prepared[b.next]
	six := isSixth(b.next)
	b.next = (b.next + 1) % len(b.prepared)
	for sent < len(messages) {
		var n int
		if six {
			n, err = b.six.WriteBatch(messages[sent:], 0)
		} else {
			n, err = b.four.WriteBatch(messages[sent:], 0)
		}
		if err != nil {
			return sent, fmt.Errorf("send junk: %w", err)
		}
		sent += n
	}
	return sent, nil
}

func (b *batches) close() {
	_ = b.conn4.Close()
	_ = b.conn6.Close()
}
