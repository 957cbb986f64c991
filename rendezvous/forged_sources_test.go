package rendezvous

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"peerd/internal/offload"
	"peerd/wire"
)

// questions are all that is answered over UDP.
var questions = []struct {
	name     string
	datagram []byte
}{
	{"a login", wire.Login{TransactionID: wire.TransactionID{1}}.Append(nil)},
	{"a login to be answered from the other port", wire.Login{TransactionID: wire.TransactionID{1}, Change: wire.Change{Port: true}}.Append(nil)},
	{"a login to be answered at another port", wire.Login{TransactionID: wire.TransactionID{1}, ResponsePort: 9}.Append(nil)},
	{"a plain binding", wire.BindingRequest{TransactionID: wire.TransactionID{1}}.Append(nil)},
	{"a binding with attributes that we do not know", stun.MustBuild(stun.TransactionID, stun.BindingRequest,
		stun.RawAttribute{Type: 0x0031}, stun.RawAttribute{Type: 0x0032}, stun.RawAttribute{Type: 0x0033}).Raw},
}

// Whoever forges a victim's address has it sent no more than was sent to us.
func TestT01AForgedSourceGetsNoMoreThanWasSent(t *testing.T) {
	for _, question := range questions {
		t.Run(question.name, func(t *testing.T) {
			s := startServer(t)
			victim := newClient(t, s)
			from := addrOf(victim.socket().LocalAddr())
			forged := &offload.Datagrams{Buffer: question.datagram, SegmentSize: len(question.datagram), From: from}
			sent, got, now := 0, 0, time.Now() // all of it: what is rationed does not come back meanwhile
			buffer := make([]byte, 2048)
			for range 10 {
				for range 4 * bindingBurst / 10 { // as many as fit into the victim's buffers
					s.receive(s.udp[0], forged, now)
					sent += len(question.datagram)
				}
				for size := 0; ; got += size { // what there is: it is on our own machine
					_ = victim.udp.SetReadDeadline(time.Now().Add(time.Millisecond))
					var err error
					if size, err = victim.udp.Read(buffer); err != nil {
						break
					}
				}
			}
			if got > sent {
				t.Errorf("the victim got %d bytes for %d", got, sent)
			}
		})
	}
}

// The cookie is all the state there is before somebody has shown that a source is its
// own, and the peer keeps it.
func TestT01ForgedSourcesLeaveNoTrace(t *testing.T) {
	const each = 20_000
	for _, question := range questions {
		t.Run(question.name, func(t *testing.T) {
			s := startServer(t)
			d := &offload.Datagrams{Buffer: question.datagram, SegmentSize: len(question.datagram)}
			now, source := time.Now(), [4]byte{127, 1, 0, 0}
			flood := func() {
				binary.BigEndian.PutUint16(source[2:], binary.BigEndian.Uint16(source[2:])+1)
				d.From = netip.AddrPortFrom(netip.AddrFrom4(source), 9)
				s.receive(s.udp[0], d, now)
			}
			before := heap()
			testing.AllocsPerRun(each, flood)
			if grown := heap() - before; grown > 1<<20 {
				t.Errorf("%d bytes are held", grown)
			}
			if sessions, endpoints := s.relay.count(); sessions != 0 || endpoints != 0 || len(s.hub.connections()) != 0 {
				t.Errorf("%d sessions and %d endpoints are kept", sessions, endpoints)
			}
		})
	}
}

func TestT01LoginsAllocateNothing(t *testing.T) {
	s := startServer(t)
	login := questions[0].datagram
	d := &offload.Datagrams{Buffer: login, SegmentSize: len(login), From: netip.MustParseAddrPort("127.1.0.1:9")}
	if allocated := testing.AllocsPerRun(1000, func() { s.receive(s.udp[0], d, time.Now()) }); allocated != 0 {
		t.Errorf("%v allocations per login", allocated)
	}
}

// heap returns how many bytes are in use.
func heap() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func TestT01ACookieProvesOneEndpointForTwoMinutes(t *testing.T) {
	if wire.CookieLifetime > 2*time.Minute {
		t.Errorf("cookies live for %v", wire.CookieLifetime)
	}
	now := time.Now()
	here := netip.MustParseAddrPort("192.0.2.1:4000")
	c := newCookies()
	cookie := c.bake(observer{}, here, now)
	for _, x := range []struct {
		name     string
		by       *cookies
		endpoint string
		after    time.Duration
		proves   bool
	}{
		{"the endpoint that was observed", c, "192.0.2.1:4000", time.Minute, true},
		{"shortly before the end of its life", c, "192.0.2.1:4000", wire.CookieLifetime - time.Second, true},
		{"later", c, "192.0.2.1:4000", wire.CookieLifetime + time.Second, false},
		{"another port", c, "192.0.2.1:4001", 0, false},
		{"another address", c, "192.0.2.2:4000", 0, false},
		{"the address and port of an IPv6 twin", c, "[64:ff9b::192.0.2.1]:4000", 0, false},
		{"after a restart of the rendezvous", newCookies(), "192.0.2.1:4000", 0, false},
	} {
		t.Run(x.name, func(t *testing.T) {
			if _, proven := x.by.maker(cookie, netip.MustParseAddrPort(x.endpoint), now.Add(x.after)); proven != x.proves {
				t.Errorf("proves it: %v", proven)
			}
		})
	}
}
