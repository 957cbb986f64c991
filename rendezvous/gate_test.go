package rendezvous

import (
	"crypto/tls"
	"net"
	"testing"

	"peerd/wire"
)

// dribble is a connection that hands the network one byte at a time.
type dribble struct{ net.Conn }

func (d dribble) Write(b []byte) (int, error) {
	for i := range b {
		if _, err := d.Conn.Write(b[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(b), nil
}

// However TCP and TLS cut what a peer says, it must be understood: the reader
// stops and goes on at any of these cuts.
func TestFramesAreReadHoweverTheyAreCut(t *testing.T) {
	s := startServer(t)
	pings := func(count int) (frames []byte) {
		for i := range count {
			frames, _ = wire.AppendFrame(frames, wire.Ping{Nonce: uint64(1000 + i)})
		}
		return frames
	}
	expect := func(t *testing.T, c *client, count int) {
		t.Helper()
		for i := range count {
			if pong := await[wire.Pong](c); pong.Nonce != uint64(1000+i) {
				t.Fatalf("pong %d answers ping %d", 1000+i, pong.Nonce)
			}
		}
	}
	t.Run("many frames in one record", func(t *testing.T) {
		c := join(t, s, "alice")
		_, _ = c.conn.Write(pings(500))
		expect(t, c, 500)
	})
	t.Run("every byte a record", func(t *testing.T) {
		c := join(t, s, "bob")
		for _, b := range pings(20) {
			_, _ = c.conn.Write([]byte{b})
		}
		expect(t, c, 20)
	})
	t.Run("every byte a segment", func(t *testing.T) {
		c := newClient(t, s)
		raw, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer raw.Close()
		c.conn = tls.Client(dribble{raw}, c.self.ClientTLS(wire.ControlProtocol, s.Key()))
		c.listen()
		c.send(wire.Hello{Version: wire.Version, Name: "carol", Token: token(t, s, 1), Instance: c.instance})
		await[wire.Welcome](c)
		_, _ = c.conn.Write(pings(20))
		expect(t, c, 20)
	})
}
