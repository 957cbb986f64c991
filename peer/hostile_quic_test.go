package peer

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"

	"peerd/internal/hostilequic"
	"peerd/wire"
)

// A contactGoneBad has its key and a direct path, and its own QUIC, which says what no
// honest one does.
//
//	alice ◀── probe, reply ──▶ contactGoneBad ── packets ──▶ hostilequic.Conn
//	  ▲                                                            │
//	  └────────────────────────── datagrams ◀──────────────────────┘
type contactGoneBad struct {
	puppet
	*hostile
	alice   *Daemon
	conn    *net.UDPConn
	at      netip.AddrPort // alice
	packets chan []byte
}

var _ hostilequic.Carrier = (*contactGoneBad)(nil)

// packetsHeld is how many packets of alice's wait to be read; what comes beyond is lost.
const packetsHeld = 1024

// goneBad introduces a contact gone bad to alice, which dials her or is dialled.
func (h *hostile) goneBad(alice *Daemon, name string, dials bool) *contactGoneBad {
	h.t.Helper()
	c := &contactGoneBad{
		puppet: h.puppetThat(dials, name, alice), hostile: h, alice: alice,
		conn: listenLoopback(h.t), at: alice.socket.Addr(), packets: make(chan []byte, packetsHeld),
	}
	h.knows(alice, name)
	var answering sync.WaitGroup
	answering.Go(c.answer)
	h.t.Cleanup(func() {
		c.conn.Close()
		answering.Wait()
	})
	h.rogue.Send(alice.Key(), aimed(c.introduction(alice), wire.CandidateLocal, c.conn.LocalAddr().(*net.UDPAddr).AddrPort()))
	h.await("alice has a direct path to "+name, func() bool {
		s := alice.session(c.session(alice))
		return s != nil && s.punch.Path().IsDirect()
	})
	return c
}

// answer answers alice's probes as an honest peer does.
func (c *contactGoneBad) answer() {
	send, receive, err := c.ProbeKeys(c.alice.Key(), c.session(c.alice))
	if err != nil {
		return
	}
	buffer := make([]byte, 2048)
	for {
		n, from, err := c.conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		switch wire.Classify(buffer[:n]) {
		case wire.DatagramProbe:
			if probe, err := wire.ParseProbe(buffer[:n], receive); err == nil {
				reply := wire.ProbeReply{TransactionID: probe.TransactionID, Session: probe.Session, Observed: from}
				_, _ = c.conn.WriteToUDPAddrPort(reply.Append(nil, send), from)
			}
		case wire.DatagramQUIC:
			select {
			case c.packets <- append([]byte(nil), buffer[:n]...):
			default:
			}
		}
	}
}

// Send implements hostilequic.Carrier.
func (c *contactGoneBad) Send(datagram []byte) error {
	_, err := c.conn.WriteToUDPAddrPort(datagram, c.at)
	return err
}

// Receive implements hostilequic.Carrier.
func (c *contactGoneBad) Receive(ctx context.Context) ([]byte, error) {
	select {
	case packet := <-c.packets:
		return packet, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// connect shakes hands with alice, for a protocol.
func (c *contactGoneBad) connect(t *testing.T, protocol string) *hostilequic.Conn {
	t.Helper()
	tls := c.MutualTLS(protocol, c.alice.Key())
	shake := hostilequic.Accept
	if c.Key().Compare(c.alice.Key()) < 0 {
		shake = hostilequic.Dial
	}
	conn, err := shake(c.guard(), c, tls)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// stream is a frame with octets of one of the speaker's streams.
func stream(id, offset uint64, data ...byte) hostilequic.Frame {
	return hostilequic.Frame{Type: hostilequic.Stream, Numbers: []uint64{id, offset}, Data: data}
}

// A contact whose QUIC is hostilequic's is understood as long as it says what honest
// ones do: what other tests show is not refused because the speaker is a stammerer.
func TestContactsOfAnotherQUICAreUnderstood(t *testing.T) {
	for name, c := range map[string]struct {
		dials bool
		own   uint64 // its first stream
	}{"that dials": {true, 0}, "that is dialled": {false, 1}} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t)
			alice := h.join("alice")
			bob := h.goneBad(alice, "bob", c.dials)
			conn := bob.connect(t, wire.SessionProtocol)
			said := h.text("from another QUIC")
			frame := mustFrame(t, said)
			if err := conn.SendFrames(stream(c.own, 0, append([]byte{byte(StreamMessages)}, frame...)...)); err != nil {
				t.Fatal(err)
			}
			receipt, err := conn.Await(h.guard(), func(f hostilequic.Frame) bool {
				return f.Type&^1 == hostilequic.Stream && f.Numbers[0] == c.own && len(f.Data) > 0
			})
			if err != nil {
				t.Fatal(err)
			}
			kind, body, err := wire.ReadFrame(bytes.NewReader(receipt.Data), nil)
			if err != nil {
				t.Fatal(err)
			}
			m, err := wire.Parse(kind, body)
			if got, ok := m.(wire.Receipt); !ok || got.ID != said.ID {
				t.Errorf("alice answers with %+v (%v), want a receipt", m, err)
			}
			if got := texts(t, alice, "bob"); len(got) != 1 || got[0] != said.Body {
				t.Errorf("alice has %q", got)
			}
		})
	}
}
