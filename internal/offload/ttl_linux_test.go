package offload

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// A ttlReader is a socket that tells with which TTL a datagram arrives. On
// loopback there is no router on the way, so that is the one it was sent with.
type ttlReader struct {
	read func(b []byte) (n, ttl int, err error)
	addr netip.AddrPort
}

func newTTLReader(t *testing.T, address string) ttlReader {
	t.Helper()
	network := "udp6"
	if netip.MustParseAddrPort(address).Addr().Is4() {
		network = "udp4"
	}
	conn, err := net.ListenPacket(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetReadDeadline(time.Now().Add(hangGuard))
	r := ttlReader{addr: conn.LocalAddr().(*net.UDPAddr).AddrPort()}
	if network == "udp4" {
		four := ipv4.NewPacketConn(conn)
		err = four.SetControlMessage(ipv4.FlagTTL, true)
		r.read = func(b []byte) (int, int, error) {
			n, control, _, err := four.ReadFrom(b)
			if err != nil {
				return 0, 0, err
			}
			return n, control.TTL, nil
		}
	} else {
		six := ipv6.NewPacketConn(conn)
		err = six.SetControlMessage(ipv6.FlagHopLimit, true)
		r.read = func(b []byte) (int, int, error) {
			n, control, _, err := six.ReadFrom(b)
			if err != nil {
				return 0, 0, err
			}
			return n, control.HopLimit, nil
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r ttlReader) next(t *testing.T) (text string, ttl int) {
	t.Helper()
	b := make([]byte, 100)
	n, ttl, err := r.read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n]), ttl
}

func TestADatagramHasATTLOfItsOwn(t *testing.T) {
	for name, test := range map[string]struct{ network, from, to string }{
		"IPv4":                       {"udp4", "127.0.0.1:0", "127.0.0.1:0"},
		"IPv6":                       {"udp6", "[::1]:0", "[::1]:0"},
		"IPv4 from a socket of both": {"udp", ":0", "127.0.0.1:0"},
		"IPv6 from a socket of both": {"udp", ":0", "[::1]:0"},
	} {
		t.Run(name, func(t *testing.T) {
			conn, reader := listen(t, test.network, test.from), newTTLReader(t, test.to)
			if err := conn.Write([]byte("before"), 0, 0, reader.addr); err != nil {
				t.Fatal(err)
			}
			_, usual := reader.next(t)
			for _, ttl := range []int{1, 5, 255} {
				if err := conn.WriteTTL([]byte("opener"), ttl, reader.addr); err != nil {
					t.Fatal(err)
				}
				if text, got := reader.next(t); text != "opener" || got != ttl {
					t.Errorf("%q arrives with a TTL of %d, want %d", text, got, ttl)
				}
			}
			if err := conn.Write([]byte("after"), 0, 1, reader.addr); err != nil {
				t.Fatal(err)
			}
			if text, got := reader.next(t); text != "after" || got != usual {
				t.Errorf("%q arrives with a TTL of %d, want the usual %d", text, got, usual)
			}
		})
	}
}

// The socket is shared: what others send meanwhile must not die on the way.
func TestATTLLeavesOtherDatagramsAlone(t *testing.T) {
	const rounds, ttl = 500, 3
	conn, reader := listen(t, "udp4", "127.0.0.1:0"), newTTLReader(t, "127.0.0.1:0")
	var writers sync.WaitGroup
	defer writers.Wait()
	turn := make(chan struct{}, 10) // so that no receive buffer overflows
	write := func(write func() error) {
		for range rounds {
			turn <- struct{}{}
			if err := write(); err != nil {
				t.Error(err)
			}
		}
	}
	writers.Go(func() { write(func() error { return conn.WriteTTL([]byte("opener"), ttl, reader.addr) }) })
	writers.Go(func() { write(func() error { return conn.Write([]byte("data"), 0, 0, reader.addr) }) })
	for range 2 * rounds {
		text, got := reader.next(t)
		<-turn
		if (got == ttl) != (text == "opener") {
			t.Fatalf("%q arrives with a TTL of %d", text, got)
		}
	}
}

func TestATTLOutOfRangeIsRefused(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		conn := listen(t, "udp", address)
		for _, ttl := range []int{-1, 0, 256} {
			if err := conn.WriteTTL([]byte("x"), ttl, addressOf(conn)); err == nil {
				t.Errorf("a TTL of %d is sent", ttl)
			}
		}
	}
}
