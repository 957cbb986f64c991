package listening

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestWhatIsOpenedIsSeen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	var want []Socket
	for _, at := range []Socket{{"tcp", "127.0.0.1:0"}, {"tcp", "[::]:0"}, {"unix", path}} {
		l, err := net.Listen(at.Network, at.Local)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		want = append(want, Socket{at.Network, l.Addr().String()})
	}
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	want = append(want, Socket{"udp", udp.LocalAddr().String()})
	found, err := Of(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, socket := range want {
		if !slices.Contains(found, socket) {
			t.Errorf("%v is not among %v", socket, found)
		}
	}
	udp.Close()
	if found, err := Of(os.Getpid()); err != nil || slices.Contains(found, want[3]) {
		t.Errorf("what was closed is still among %v, %v", found, err)
	}
}
