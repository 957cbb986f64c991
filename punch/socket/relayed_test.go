package socket

import (
	"bytes"
	"net/netip"
	"testing"

	"golang.org/x/net/ipv4"

	"peerd/wire"
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

func TestOnlyOurKindsAreTakenFromTheControlConnection(t *testing.T) {
	l := newListener(t)
	l.DeliverRelayed(l.session.ID(), nil)
	l.DeliverRelayed(l.session.ID(), frame(l.session.ID(), quicPacket))
	l.DeliverRelayed(l.session.ID(), make([]byte, maxQUICPacket+1))
	l.DeliverRelayed(randomSession(), quicPacket)
	if got := l.Counters(); got != (Counters{Junk: 3, UnknownSession: 1}) {
		t.Errorf("counted %+v", got)
	}
}

func TestProbesPassThroughTheControlConnection(t *testing.T) {
	l := newListener(t)
	l.SetRelay(netip.AddrPort{})
	var replies [][]byte
	l.config.RelayByControl = func(_ wire.SessionID, payload []byte) { replies = append(replies, bytes.Clone(payload)) }
	probe := wire.Probe{TransactionID: wire.TransactionID{4}, Session: l.session.ID()}
	l.DeliverRelayed(l.session.ID(), probe.Append(nil, keyToUs))
	if len(replies) != 1 {
		t.Fatalf("%d replies, want 1", len(replies))
	}
	reply, err := wire.ParseProbeReply(replies[0], wire.ProbeKey{2})
	if err != nil || reply.TransactionID != probe.TransactionID {
		t.Errorf("replied %+v, %v", reply, err)
	}
	if got := l.Counters(); got != (Counters{}) {
		t.Errorf("counted %+v", got)
	}
}

func TestCongestionMarksOfOwnSocketsReachQUIC(t *testing.T) {
	l := newListener(t)
	const congested = 3
	l.deliver(l.session, quicPacket, congested)
	r := newReceiver(l.Socket)
	into := []ipv4.Message{{Buffers: [][]byte{make([]byte, maxQUICPacket)}, OOB: make([]byte, 128)}}
	r.fillRelayed(into)
	want := make([]byte, 128)
	want = want[:putECN(want, congested)]
	if got := into[0].OOB[:into[0].NN]; !bytes.Equal(got, want) {
		t.Errorf("QUIC reads the control message %x, want %x", got, want)
	}
}
