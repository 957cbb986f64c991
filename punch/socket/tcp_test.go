package socket

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/ipv4"

	"peerd/punch"
	"peerd/wire"
)

var (
	controlOfA = netip.MustParseAddrPort("192.168.1.2:50001")
	controlOfB = netip.MustParseAddrPort("192.168.2.2:50002")
	tcpOfB     = netip.MustParseAddrPort("198.51.100.2:50002")
)

// newTCPSide returns a side without UDP, whose connections to peers are to.
func newTCPSide(endpoint string, source netip.AddrPort, to net.Conn) linked {
	l := newLinked(endpoint)
	l.SetTCPSource(source)
	l.openTCP = func(context.Context, netip.AddrPort, netip.AddrPort) (net.Conn, error) {
		if to == nil {
			return nil, errors.New("refused")
		}
		return to, nil
	}
	return l
}

// newTCPPair returns two sides without UDP whose connections lead to each other.
func newTCPPair(t *testing.T) (a, b linked) {
	t.Helper()
	ofA, ofB := net.Pipe()
	a = newTCPSide("192.168.1.2:4001", controlOfA, ofA)
	b = newTCPSide("192.168.2.2:4002", controlOfB, ofB)
	a.session, b.session = openBoth(t, a.side, b.side, randomSession())
	return a, b
}

// newTCPSideTo returns a side, and whoever is at the other end of its
// connection to the peer.
func newTCPSideTo(t *testing.T) (a linked, other net.Conn) {
	t.Helper()
	ofA, other := net.Pipe()
	a = newTCPSide("192.168.1.2:4001", controlOfA, ofA)
	b := newLinked("192.168.2.2:4002")
	a.session, b.session = openBoth(t, a.side, b.side, randomSession())
	b.session.Close()
	return a, other
}

// close ends the session, and with it everything that was started.
func (l linked) close() {
	l.session.Close()
	l.tasks.Wait()
}

// introduceTCP introduces a peer that can be reached by TCP alone.
func (l linked) introduceTCP(to netip.AddrPort) {
	l.session.Introduce(Introduction{Candidates: []wire.Candidate{{Endpoint: to, Kind: wire.CandidateTCP}}})
}

// received returns the packets that wait for QUIC.
func (l linked) received() (packets [][]byte) {
	for {
		m := ipv4.Message{Buffers: [][]byte{make([]byte, maxQUICPacket)}}
		if !l.relayed.take(&m) {
			return packets
		}
		packets = append(packets, m.Buffers[0][:m.N])
	}
}

func sendFramed(t *testing.T, to io.Writer, datagram []byte) {
	t.Helper()
	framed, err := wire.AppendStreamDatagram(nil, datagram)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := to.Write(framed); err != nil {
		t.Error(err)
	}
}

func TestASessionWithoutUDPGoesOverTCP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newTCPPair(t)
		defer a.close()
		defer b.close()
		a.introduceTCP(tcpOfB)
		b.introduceTCP(netip.MustParseAddrPort("198.51.100.1:50001"))
		time.Sleep(time.Second)
		synctest.Wait()
		for _, l := range []linked{a, b} {
			if path := l.path(t); !path.IsDirect() || !path.TCP || path.Socket == 0 || path.Doubtful {
				t.Errorf("the path is %+v, want a direct one over TCP", path)
			}
		}
		super := append(bytes.Clone(quicPacket), quicPacket[:40]...)
		a.session.send(super, len(quicPacket), 0)
		b.session.send(quicPacket, 0, 0)
		synctest.Wait()
		if got := b.received(); len(got) != 2 || !bytes.Equal(got[0], quicPacket) || !bytes.Equal(got[1], quicPacket[:40]) {
			t.Errorf("b's QUIC gets %x", got)
		}
		if got := a.received(); len(got) != 1 || !bytes.Equal(got[0], quicPacket) {
			t.Errorf("a's QUIC gets %x", got)
		}
		if n := a.link.count(wire.DatagramQUIC) + a.link.count(wire.DatagramProbe); n != 0 {
			t.Errorf("%d datagrams went by UDP", n)
		}
	})
}

// TestABrokenConnectionIsNoPath proves that the session is back on the relay at
// once when its connection ends.
func TestABrokenConnectionIsNoPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newTCPPair(t)
		defer a.close()
		a.introduceTCP(tcpOfB)
		b.introduceTCP(netip.MustParseAddrPort("198.51.100.1:50001"))
		time.Sleep(time.Second)
		synctest.Wait()
		if !a.session.Path().IsDirect() {
			t.Fatal("no direct path to begin with")
		}
		b.close()
		synctest.Wait()
		if path := a.session.Path(); path.IsDirect() {
			t.Errorf("the path is %+v, want the relay", path)
		}
	})
}

// Whoever is at the other end has to send an authentic probe. Until then
// nothing reaches QUIC, and it does not get more time than proofTime.
func TestAStrangerAtTheOtherEnd(t *testing.T) {
	probe := func(session wire.SessionID) []byte {
		var key wire.ProbeKey
		rand.Read(key[:])
		var id wire.TransactionID
		rand.Read(id[:])
		return wire.Probe{TransactionID: id, Session: session}.Append(nil, key)
	}
	for name, test := range map[string]struct {
		says    func(a linked) []byte
		counted func(Counters) uint64
	}{
		"sends QUIC packets": {
			func(linked) []byte { return quicPacket },
			func(c Counters) uint64 { return c.UnknownSource },
		},
		"names our session with a key of its own": {
			func(a linked) []byte { return probe(a.session.id) }, nil,
		},
		"names another session": {
			func(linked) []byte { return probe(randomSession()) },
			func(c Counters) uint64 { return c.UnknownSession },
		},
		"sends a relay frame": {
			func(a linked) []byte { return append(wire.AppendRelayHeader(nil, a.session.id), quicPacket...) },
			func(c Counters) uint64 { return c.Junk },
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, stranger := newTCPSideTo(t)
				defer a.close()
				a.introduceTCP(tcpOfB)
				synctest.Wait()
				began := time.Now()
				ended := make(chan time.Time, 1)
				go func() {
					_, _ = io.Copy(io.Discard, stranger)
					ended <- time.Now()
				}()
				sendFramed(t, stranger, test.says(a))
				sendFramed(t, stranger, quicPacket)
				synctest.Wait()
				if got := a.received(); len(got) != 0 {
					t.Errorf("QUIC gets %x", got)
				}
				if test.counted != nil && test.counted(a.Counters()) == 0 {
					t.Errorf("not counted: %+v", a.Counters())
				}
				if lasted := (<-ended).Sub(began); lasted != proofTime {
					t.Errorf("the connection was closed after %v, want %v", lasted, proofTime)
				}
				if path := a.session.Path(); path.IsDirect() {
					t.Errorf("the path is %+v", path)
				}
			})
		})
	}
}

func TestAConnectionThatSpeaksNonsenseIsClosed(t *testing.T) {
	for name, nonsense := range map[string][]byte{
		"nothing":       {0, 0},
		"too much":      {0x05, 0xdd, 0, 0},
		"another world": []byte("GET / HTTP/1.1\r\n\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, other := newTCPSideTo(t)
				defer a.close()
				began := time.Now()
				a.introduceTCP(tcpOfB)
				go func() { _, _ = other.Write(nonsense) }()
				_, _ = io.Copy(io.Discard, other)
				if lasted := time.Since(began); lasted != 0 {
					t.Errorf("the connection was closed after %v, want at once", lasted)
				}
			})
		})
	}
}

// connectedTo returns a side whose connection has been proved, and is not read.
func connectedTo(t *testing.T) (a linked, s *stream) {
	t.Helper()
	a, other := newTCPSideTo(t)
	t.Cleanup(func() { other.Close() })
	const id = 9 // of none that the engine has
	a.session.connectTCP(punch.ConnectTCP{Socket: id, To: tcpOfB})
	synctest.Wait()
	a.session.outlets.hear(id, tcpOfB, true)
	found, _ := a.session.outlets.find(id)
	return a, found.(*stream)
}

// TestAFullConnectionDropsAndDoesNotWait proves that a peer that does not read
// costs a bounded amount of memory, never QUIC's sender, and in the end its
// connection.
func TestAFullConnectionDropsAndDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, s := connectedTo(t)
		defer a.close()
		began := time.Now()
		// More than the queue holds, and as much again that may be on its way out.
		for written := 0; written < 4*streamQueue; written += len(quicPacket) {
			s.write(quicPacket, 0, 0, tcpOfB, 0)
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("the sender waited for %v", waited)
		}
		synctest.Wait()
		s.mu.Lock()
		queued := cap(s.queue)
		s.mu.Unlock()
		if queued > 2*streamQueue {
			t.Errorf("%d bytes are kept, want at most %d", queued, 2*streamQueue)
		}
		if a.Counters().StreamOverflow == 0 {
			t.Error("nothing was dropped: this test proves nothing")
		}
		time.Sleep(streamWriteLimit)
		synctest.Wait()
		if s.ctx.Err() == nil {
			t.Error("the connection is still open")
		}
	})
}

// TestTheLastPacketLeavesBeforeTheEnd proves that a session which ends still
// tells its peer so, and that a peer which does not read delays that little.
func TestTheLastPacketLeavesBeforeTheEnd(t *testing.T) {
	for name, test := range map[string]struct {
		reads bool
		takes time.Duration
	}{
		"to a peer that reads":         {true, 0},
		"to a peer that does not read": {false, farewellLimit},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, other := newTCPSideTo(t)
				defer other.Close()
				a.session.connectTCP(punch.ConnectTCP{Socket: 9, To: tcpOfB})
				synctest.Wait()
				found, _ := a.session.outlets.find(9)
				last := make(chan []byte, 1)
				if test.reads {
					go func() {
						all, _ := io.ReadAll(other)
						last <- all
					}()
				}
				found.write(quicPacket, 0, 0, tcpOfB, 0)
				began := time.Now()
				a.close()
				if took := time.Since(began); took != test.takes {
					t.Errorf("the end took %v, want %v", took, test.takes)
				}
				if test.reads {
					if got := <-last; !bytes.HasSuffix(got, quicPacket) {
						t.Errorf("the peer got %x, want the packet", got)
					}
				}
			})
		})
	}
}

func TestTCPCarriesNothingElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, s := connectedTo(t)
		defer a.close()
		s.write(quicPacket, 0, 0, netip.MustParseAddrPort("198.51.100.66:50002"), 0)
		s.write(quicPacket, 0, 0, tcpOfB, 4) // an opener, which is meant to die on the way
		s.write(nil, 0, 0, tcpOfB, 0)
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.queue) != 0 {
			t.Errorf("%x waits to be sent", s.queue)
		}
	})
}

// TestNoConnectionIsASocketLost proves that the engine hears of it when there
// cannot be a connection.
func TestNoConnectionIsASocketLost(t *testing.T) {
	for name, test := range map[string]struct {
		source netip.AddrPort
		conn   net.Conn
	}{
		"no control connection":                     {netip.AddrPort{}, nil},
		"the control connection is of IPv6":         {netip.MustParseAddrPort("[2001:db8::1]:50001"), nil},
		"nobody answers, or the routers let it not": {controlOfA, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newTCPSide("192.168.1.2:4001", test.source, test.conn)
				b := newLinked("192.168.2.2:4002")
				a.session, b.session = openBoth(t, a.side, b.side, randomSession())
				defer a.close()
				const id = 9
				a.session.connectTCP(punch.ConnectTCP{Socket: id, To: tcpOfB})
				synctest.Wait()
				if found, used := a.session.outlets.find(id); found != nil || !used {
					t.Errorf("outlet %v, used %v; want none, and never again", found, used)
				}
			})
		})
	}
}

func TestTheEngineGivesUpOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTCPSide("192.168.1.2:4001", controlOfA, nil)
		a.openTCP = func(ctx context.Context, _, _ netip.AddrPort) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		b := newLinked("192.168.2.2:4002")
		a.session, b.session = openBoth(t, a.side, b.side, randomSession())
		const id = 9
		a.session.connectTCP(punch.ConnectTCP{Socket: id, To: tcpOfB})
		a.session.closeSocket(id)
		a.tasks.Wait() // hangs if the attempts go on
		a.session.connectTCP(punch.ConnectTCP{Socket: id + 1, To: tcpOfB})
		a.close() // so does the end of the session
	})
}
