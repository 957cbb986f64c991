package rendezvous

import (
	"net"
	"net/netip"
	"runtime"
	"testing"

	"peerd/internal/offload"
)

// nothing is what is bound besides where there is no second address.
func nothing(*sockets) error { return nil }

func TestPortZeroFindsAFreePair(t *testing.T) {
	for range 20 {
		s, err := listen("127.0.0.1:0", nothing)
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		for _, socket := range s.udp {
			bound := addrOf(socket.conn.LocalAddr())
			if want := s.mainPort() + uint16(socket.port); bound.Port() != want {
				t.Errorf("bound %v, want port %d", bound, want)
			}
		}
	}
}

// Others have a port at the second address alone: programs whose sockets are bound to it.
func TestPortZeroIsFreeAtTheSecondAddressToo(t *testing.T) {
	for range 500 { // of some 28,000 ports that there are
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: secondLoopback.AsSlice()})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	config := Config{Listen: "127.0.0.1:0", SecondAddresses: []string{secondLoopback.String()}}
	for range 200 {
		var found addresses
		s, err := listen(config.Listen, func(s *sockets) (err error) {
			found, err = s.openSecond(config)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		s.close()
		if found.v4.second != secondLoopback {
			t.Errorf("found %v", found)
		}
	}
}

// A port that somebody else has, sharing or not, must be an error and not a
// silent split of the peers between the two.
func TestForeignPortIsAnError(t *testing.T) {
	first, err := listen("127.0.0.1:0", nothing)
	if err != nil {
		t.Fatal(err)
	}
	defer first.close()
	if _, err := listen(first.tcp.Addr().String(), nothing); err == nil {
		t.Error("a second rendezvous shares the TCP port")
	}
	_ = first.tcp.Close()
	if _, err := listen(first.udp[0].conn.LocalAddr().String(), nothing); err == nil {
		t.Error("a second rendezvous shares the UDP port")
	}
}

func TestFlowsAreSpreadOverSockets(t *testing.T) {
	s, err := listen("127.0.0.1:0", nothing)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	mains := s.udp[:len(s.udp)-1]
	if want := min(runtime.GOMAXPROCS(0), maxSockets); balances() && len(mains) != want {
		t.Fatalf("%d sockets share the port, want %d", len(mains), want)
	}
	const flows = 200
	for range flows {
		conn, err := net.Dial("udp4", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), s.mainPort()).String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte("flow"))
		_ = conn.Close()
	}
	batch := make([]offload.Datagrams, 8)
	for i := range batch {
		batch[i].Buffer = make([]byte, offload.BufferSize)
	}
	for i, socket := range mains {
		n, err := socket.conn.ReadBatch(batch) // hangs if this socket got none
		if err != nil || n == 0 {
			t.Errorf("socket %d received %d, %v", i, n, err)
		}
	}
}
