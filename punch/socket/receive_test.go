package socket

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/quic-go/quic-go"
	"golang.org/x/net/ipv4"

	"peerd/internal/offload"
	"peerd/punch"
	"peerd/wire"
)

var (
	peerEndpoint = netip.MustParseAddrPort("203.0.113.2:4002")
	keyToUs      = wire.ProbeKey{1}
)

// listener is a side whose one session has claimed peerEndpoint, and whose
// rendezvous is server.
func newListener(t testing.TB) linked {
	t.Helper()
	l := newLinked("203.0.113.1:4001")
	x, err := l.Open(punch.Config{Session: wire.SessionID{7}, SendKey: wire.ProbeKey{2}, ReceiveKey: keyToUs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.Close)
	l.session = x
	l.SetRelay(server)
	l.registry.prove(x, peerEndpoint)
	return l
}

func frame(session wire.SessionID, payload []byte) []byte {
	return append(wire.AppendRelayHeader(nil, session), payload...)
}

func TestWhatReachesQUIC(t *testing.T) {
	ours, unknown := wire.SessionID{7}, wire.SessionID{8}
	probe := func(session wire.SessionID, key wire.ProbeKey) []byte {
		return wire.Probe{TransactionID: wire.TransactionID{1}, Session: session}.Append(nil, key)
	}
	reply := wire.ProbeReply{TransactionID: wire.TransactionID{1}, Session: ours, Observed: stranger}.Append(nil, keyToUs)
	accept := wire.Accept{TransactionID: wire.TransactionID{1}, Observed: stranger, ControlPort: 1}.Append(nil)
	tooLong := append([]byte{0x40}, make([]byte, maxQUICPacket)...)

	for name, test := range map[string]struct {
		datagram []byte
		from     netip.AddrPort
		quic     bool
		replies  int // sent directly
		relayed  int // sent through the relay
		counters Counters
	}{
		"a packet from the peer":              {datagram: quicPacket, from: peerEndpoint, quic: true},
		"a packet from a stranger":            {datagram: quicPacket, from: stranger, counters: Counters{UnknownSource: 1}},
		"a packet from the peer's other port": {datagram: quicPacket, from: netip.AddrPortFrom(peerEndpoint.Addr(), 1), counters: Counters{UnknownSource: 1}},
		"a bare packet from the rendezvous":   {datagram: quicPacket, from: server, counters: Counters{UnknownSource: 1}},
		"a packet too long for QUIC":          {datagram: tooLong, from: peerEndpoint, counters: Counters{Junk: 1}},
		"a relayed packet":                    {datagram: frame(ours, quicPacket), from: server, quic: true},
		"a relay frame from a stranger":       {datagram: frame(ours, quicPacket), from: stranger, counters: Counters{ForeignRelay: 1}},
		"a relay frame from the peer":         {datagram: frame(ours, quicPacket), from: peerEndpoint, counters: Counters{ForeignRelay: 1}},
		"a relay frame of another session":    {datagram: frame(unknown, quicPacket), from: server, counters: Counters{UnknownSession: 1}},
		"a relayed probe":                     {datagram: frame(ours, probe(ours, keyToUs)), from: server, relayed: 1},
		"a forged relayed probe":              {datagram: frame(ours, probe(ours, wire.ProbeKey{9})), from: server},
		"a relayed probe of another session":  {datagram: frame(ours, probe(unknown, keyToUs)), from: server, counters: Counters{UnknownSession: 1}},
		"a relayed reply to no probe":         {datagram: frame(ours, reply), from: server},
		"a relay frame in a relay frame":      {datagram: frame(ours, frame(ours, quicPacket)), from: server, counters: Counters{Junk: 1}},
		"a relayed packet too long for QUIC":  {datagram: frame(ours, tooLong), from: server, counters: Counters{Junk: 1}},
		"an empty relay frame":                {datagram: frame(ours, nil), from: server, counters: Counters{Junk: 1}},
		"an authentic probe":                  {datagram: probe(ours, keyToUs), from: stranger, replies: 1},
		"a forged probe":                      {datagram: probe(ours, wire.ProbeKey{9}), from: stranger},
		"a probe of another session":          {datagram: probe(unknown, keyToUs), from: stranger, counters: Counters{UnknownSession: 1}},
		"a reply to no probe":                 {datagram: reply, from: peerEndpoint},
		"an Accept nobody asked for":          {datagram: accept, from: server, counters: Counters{ForgedAccept: 1}},
		"a STUN client's request":             {datagram: wire.Login{}.Append(nil), from: stranger, counters: Counters{Junk: 1}},
		"nothing":                             {datagram: nil, from: peerEndpoint, counters: Counters{Junk: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newListener(t)
			x, packet := l.demultiplex(test.datagram, test.from)
			if test.quic != (x == l.session && string(packet) == string(quicPacket)) || !test.quic && x != nil {
				t.Errorf("QUIC gets %d bytes, of our session: %v", len(packet), x == l.session)
			}
			if replies := l.link.count(wire.DatagramProbeReply); replies != test.replies {
				t.Errorf("%d replies were sent, want %d", replies, test.replies)
			}
			if relayed := l.link.count(wire.DatagramRelay); relayed != test.relayed {
				t.Errorf("%d replies were relayed, want %d", relayed, test.relayed)
			}
			if got := l.Counters(); got != test.counters {
				t.Errorf("counted %+v, want %+v", got, test.counters)
			}
			if l.session.Path().IsDirect() {
				t.Error("the path moved")
			}
		})
	}
}

func TestAnAuthenticProbeClaimsItsSource(t *testing.T) {
	l := newListener(t)
	if x, _ := l.demultiplex(quicPacket, stranger); x != nil {
		t.Fatal("QUIC gets a packet from an endpoint nobody claimed")
	}
	l.demultiplex(wire.Probe{Session: l.session.ID()}.Append(nil, wire.ProbeKey{9}), stranger)
	if x, _ := l.demultiplex(quicPacket, stranger); x != nil {
		t.Error("a forged probe claims its source")
	}
	l.demultiplex(wire.Probe{Session: l.session.ID()}.Append(nil, keyToUs), stranger)
	if x, _ := l.demultiplex(quicPacket, stranger); x != l.session {
		t.Error("an authentic probe does not claim its source")
	}
}

func TestACandidateAloneClaimsNothing(t *testing.T) {
	l := newListener(t)
	l.session.Introduce(Introduction{Candidates: localCandidate(stranger), Observed: l.bound})
	if n := l.link.count(wire.DatagramProbe); n == 0 {
		t.Fatal("the candidate is not probed")
	}
	if x, _ := l.demultiplex(quicPacket, stranger); x != nil {
		t.Error("QUIC gets packets from an endpoint because somebody named it")
	}
}

// An old session whose path is in doubt must not take the endpoint back from
// the session of the restarted peer.
func TestT05ADoubtfulPathProvesNothing(t *testing.T) {
	l := newListener(t)
	restarted, err := l.Open(punch.Config{Session: wire.SessionID{8}})
	if err != nil {
		t.Fatal(err)
	}
	restarted.usePath(punch.Path{Direct: peerEndpoint})
	l.session.usePath(punch.Path{Direct: peerEndpoint, Doubtful: true})
	if x, _ := l.demultiplex(quicPacket, peerEndpoint); x != restarted {
		t.Error("the restarted peer's packets are not taken for its own")
	}
}

// A peer must not get another's packets taken for its own by probing from a
// forged source.
func TestT05AForgedSourceTakesNothingFromAnotherSession(t *testing.T) {
	l := newListener(t)
	thief := wire.ProbeKey{66}
	if _, err := l.Open(punch.Config{Session: wire.SessionID{66}, ReceiveKey: thief}); err != nil {
		t.Fatal(err)
	}
	l.demultiplex(wire.Probe{Session: wire.SessionID{66}}.Append(nil, thief), peerEndpoint)
	if x, _ := l.demultiplex(quicPacket, peerEndpoint); x != l.session {
		t.Error("the peer's packets are not taken for its own")
	}
}

func TestASuperBufferOfEverything(t *testing.T) {
	// Equal sizes, as a router or a peer may well produce: 92 bytes, a probe's.
	packet := quicPacket[:wire.ProbeSize]
	relayed := frame(wire.SessionID{7}, packet[:wire.ProbeSize-wire.RelayHeaderSize])
	probe := wire.Probe{Session: wire.SessionID{7}}.Append(nil, keyToUs)
	l := newListener(t)
	network := &stub{batch: []offload.Datagrams{
		{Buffer: slices.Concat(packet, probe, packet, relayed, packet[:10]), SegmentSize: wire.ProbeSize, ECN: 1, From: peerEndpoint},
		{Buffer: slices.Concat(relayed, packet, relayed[:50]), SegmentSize: wire.ProbeSize, From: server},
	}}
	network.written = map[wire.DatagramKind]int{}
	l.conn = network

	want := []int{len(packet), len(packet), 10, len(relayed) - wire.RelayHeaderSize, 50 - wire.RelayHeaderSize}
	if got := readAll(t, l.Socket, 2); !slices.Equal(got, want) {
		t.Errorf("QUIC got packets of %v bytes, want %v", got, want)
	}
	if replies := network.count(wire.DatagramProbeReply); replies != 1 {
		t.Errorf("%d replies were sent, want 1", replies)
	}
}

// readAll reads until the conn is closed, a few packets at a time, and returns
// their lengths.
func readAll(t testing.TB, s *Socket, messages int) (lengths []int) {
	t.Helper()
	r := newReceiver(s)
	into := make([]ipv4.Message, messages)
	for i := range into {
		into[i] = ipv4.Message{Buffers: [][]byte{make([]byte, maxQUICPacket)}, OOB: make([]byte, 128)}
	}
	for {
		n, err := r.read(into)
		if errors.Is(err, net.ErrClosed) {
			return lengths
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range into[:n] {
			if _, ok := handleIn(m.Addr.(*net.UDPAddr)); !ok {
				t.Errorf("QUIC sees the address %v", m.Addr)
			}
			lengths = append(lengths, m.N)
		}
	}
}

func TestJunkOfEveryKindDoesNoHarm(t *testing.T) {
	p := newPair(t)
	a, b := p.connect(t)
	p.punch(t)
	conn, err := net.Dial("udp", p.b.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for first := range 256 {
		for _, size := range []int{1, 17, 18, 20, 92, 1200, 1500} {
			junk := make([]byte, size)
			junk[0] = byte(first)
			if _, err := conn.Write(junk); err != nil {
				t.Fatal(err)
			}
		}
	}
	transfer(t, a, b, 20, nil)
	transfer(t, b, a, 20, nil)
	poll(t, "junk of all kinds is counted", func() bool {
		c := p.b.Counters()
		return c.Junk > 0 && c.UnknownSource > 0 && c.ForeignRelay > 0
	})
}

func TestT05AStrangerCannotBeginAHandshake(t *testing.T) {
	var network *tap
	b := newSide(t, noControl(t), tapInto(&network, nil))
	serverTLS, clientTLS := tlsConfigs(t)
	listener, err := b.Transport().Listen(serverTLS, QUICConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	foreign := &quic.Transport{Conn: udp}
	defer foreign.Close()

	ctx, cancel := context.WithCancel(t.Context())
	dialled := make(chan error)
	go func() {
		_, err := foreign.Dial(ctx, net.UDPAddrFromAddrPort(b.Addr()), clientTLS, QUICConfig())
		dialled <- err
	}()
	poll(t, "the handshake is tried twice", func() bool { return b.Counters().UnknownSource >= 2 })
	cancel()
	if err := <-dialled; err == nil {
		t.Error("the handshake succeeded")
	}
	if sends := network.seen().sends; sends != 0 {
		t.Errorf("%d datagrams were sent to a stranger", sends)
	}
}

func TestReadingSurvivesErrors(t *testing.T) {
	l := newListener(t)
	network := &failingReads{left: 3}
	l.conn = network
	if got := readAll(t, l.Socket, 8); len(got) != 0 {
		t.Errorf("read %v", got)
	}
	if network.left != 0 {
		t.Errorf("reading ended with %d errors to come", network.left)
	}
}

// failingReads fails a few times before it is closed.
type failingReads struct {
	linkEnd
	left int
}

func (f *failingReads) ReadBatch([]offload.Datagrams) (int, error) {
	if f.left == 0 {
		return 0, net.ErrClosed
	}
	f.left--
	return 0, io.ErrUnexpectedEOF
}

func FuzzReceive(f *testing.F) {
	ours := wire.SessionID{7}
	f.Add(quicPacket, 50, true)
	f.Add(frame(ours, quicPacket), 0, false)
	f.Add(wire.Probe{Session: ours}.Append(nil, keyToUs), 0, true)
	f.Add(wire.ProbeReply{Session: ours, Observed: stranger}.Append(nil, keyToUs), 0, true)
	f.Add(wire.Accept{Observed: stranger, ControlPort: 1}.Append(nil), 0, false)
	f.Add(wire.Login{}.Append(nil), 7, false)
	f.Fuzz(func(t *testing.T, buffer []byte, segmentSize int, fromPeer bool) {
		l := newListener(t)
		d := offload.Datagrams{Buffer: buffer, SegmentSize: segmentSize, From: server}
		if fromPeer {
			d.From = peerEndpoint
		}
		if segmentSize <= 0 || segmentSize > len(buffer) {
			d.SegmentSize = len(buffer)
		}
		network := &stub{batch: []offload.Datagrams{d}}
		network.written = map[wire.DatagramKind]int{}
		l.conn = network
		for _, length := range readAll(t, l.Socket, 3) {
			if length == 0 || length > maxQUICPacket {
				t.Errorf("QUIC got a packet of %d bytes", length)
			}
		}
		if l.session.Path().IsDirect() {
			t.Error("the path moved without a probe of ours")
		}
	})
}
