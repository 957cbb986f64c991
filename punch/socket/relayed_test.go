package socket

import (
	"bytes"
	"testing"

	"golang.org/x/net/ipv4"
)

func TestTheQueueToTheReaderIsBounded(t *testing.T) {
	l := newListener(t) // nobody reads from it
	const extra = 10
	for range relayedQueueLength + extra {
		l.DeliverRelayed(l.session.ID(), quicPacket)
	}
	if got := l.Counters(); got != (Counters{RelayedOverflow: extra}) {
		t.Errorf("counted %+v, want %d dropped", got, extra)
	}
	network := &stub{}
	l.conn = network
	if got := readAll(t, l.Socket, 8); len(got) != relayedQueueLength {
		t.Errorf("QUIC got %d packets, want the %d that were queued", len(got), relayedQueueLength)
	}
}

func TestRelayedDatagramsAreCopied(t *testing.T) {
	l := newListener(t)
	payload := bytes.Clone(quicPacket)
	l.DeliverRelayed(l.session.ID(), payload)
	clear(payload)
	r := newReceiver(l.Socket)
	into := []ipv4.Message{{Buffers: [][]byte{make([]byte, maxQUICPacket)}}}
	if n := r.fillRelayed(into); n != 1 || !bytes.Equal(into[0].Buffers[0][:into[0].N], quicPacket) {
		t.Error("the datagram changed with the caller's buffer")
	}
}

func TestOnlyQUICIsTakenFromTheControlConnection(t *testing.T) {
	l := newListener(t)
	l.DeliverRelayed(l.session.ID(), nil)
	l.DeliverRelayed(l.session.ID(), frame(l.session.ID(), quicPacket))
	l.DeliverRelayed(l.session.ID(), make([]byte, maxQUICPacket+1))
	l.DeliverRelayed(randomSession(), quicPacket)
	if got := l.Counters(); got != (Counters{Junk: 3, UnknownSession: 1}) {
		t.Errorf("counted %+v", got)
	}
}
