package offload

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestOneSendIsOneReceiveWithOffload(t *testing.T) {
	from, to := listen(t, "udp4", "127.0.0.1:0"), listen(t, "udp4", "127.0.0.1:0")
	if from.single.Load() {
		t.Fatal("this kernel has no UDP segmentation offload; peerd needs 4.18 for it")
	}
	if err := from.Write(numbered(4500), 1000, 0, addressOf(to)); err != nil {
		t.Fatal(err)
	}
	_, first := receive(t, to, 5)
	if len(first.Buffer) != 4500 || first.SegmentSize != 1000 {
		t.Errorf("got %d bytes in segments of %d, want 4500 in segments of 1000", len(first.Buffer), first.SegmentSize)
	}
}

func TestOneCallReceivesFromSeveralSources(t *testing.T) {
	to := listen(t, "udp4", "127.0.0.1:0")
	sources := map[netip.AddrPort]bool{}
	for range 3 {
		from := listen(t, "udp4", "127.0.0.1:0")
		if err := from.Write(numbered(100), 0, 0, addressOf(to)); err != nil {
			t.Fatal(err)
		}
		sources[addressOf(from)] = true
	}
	batch := buffers(4)
	n, err := to.ReadBatch(batch) // loopback delivers before send returns
	if err != nil || n != 3 {
		t.Fatalf("received %d super-buffers, %v; want 3", n, err)
	}
	for i := range batch[:n] {
		delete(sources, batch[i].From)
	}
	if len(sources) != 0 {
		t.Errorf("nothing received from %v", sources)
	}
}

// A host with several addresses must answer from the one it was asked at:
// a NAT lets no other in.
func TestAnswerLeavesFromTheAddressAsked(t *testing.T) {
	for _, listenAt := range []string{"0.0.0.0:0", "[::]:0"} {
		t.Run(listenAt, func(t *testing.T) {
			server, client := listen(t, "udp", listenAt), listen(t, "udp4", "127.0.0.1:0")
			asked := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.9"), addressOf(server).Port())
			if err := client.Write([]byte("question"), 0, 0, asked); err != nil {
				t.Fatal(err)
			}
			_, question := receive(t, server, 1)
			if question.Local != asked.Addr() {
				t.Fatalf("asked at %v, want %v", question.Local, asked.Addr())
			}
			if err := server.WriteFrom(question.Local, []byte("answer"), 0, 1, question.From); err != nil {
				t.Fatal(err)
			}
			if _, answer := receive(t, client, 1); answer.From != asked {
				t.Errorf("the answer came from %v, want %v", answer.From, asked)
			}
		})
	}
}

func TestOnlyAnInputOutputErrorIsRemembered(t *testing.T) {
	cases := []struct {
		name              string
		errno             error
		oneByOne, forGood bool
	}{
		{"a device without checksum offload", unix.EIO, true, true},
		{"a segment above the route's MTU", unix.EINVAL, true, false},
		{"a segment above the route's MTU, newer kernels", unix.EMSGSIZE, true, false},
		{"no route", unix.ENETUNREACH, false, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			conn := listen(t, "udp4", "127.0.0.1:0")
			if got := conn.cannotSegment(&net.OpError{Op: "write", Err: c.errno}); got != c.oneByOne {
				t.Errorf("sends one by one: %v, want %v", got, c.oneByOne)
			}
			if conn.single.Load() != c.forGood {
				t.Errorf("remembered: %v, want %v", conn.single.Load(), c.forGood)
			}
		})
	}
}

// What the kernel hands us is trusted, yet a truncated control buffer
// (MSG_CTRUNC) must not make the parser read beyond it.
func TestControlMessagesCutAnywhereAreSurvived(t *testing.T) {
	var c control
	c.addSegmentSize(1200)
	c.addECN(true, 3)
	c.addSource(netip.MustParseAddr("192.0.2.1"))
	c.addSource(netip.MustParseAddr("2001:db8::1"))
	for end := range c.bytes() {
		var d Datagrams
		parseControls(c.bytes()[:end], &d)
	}
	var d Datagrams
	parseControls(c.bytes(), &d)
	if d.ECN != 3 || d.Local != netip.MustParseAddr("2001:db8::1") {
		t.Errorf("parsed ECN %d and local address %v", d.ECN, d.Local)
	}
}

func TestReadingAndWritingDoNotAllocate(t *testing.T) {
	conn := listen(t, "udp4", "127.0.0.1:0")
	payload, to, batch := numbered(6000), addressOf(conn), buffers(2)
	_ = conn.SetReadDeadline(time.Now().Add(hangGuard))
	allocated := testing.AllocsPerRun(200, func() {
		if err := conn.Write(payload, 1200, 1, to); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.ReadBatch(batch); err != nil {
			t.Fatal(err)
		}
	})
	if allocated > 0 {
		t.Errorf("%v allocations for one send and one receive", allocated)
	}
}
