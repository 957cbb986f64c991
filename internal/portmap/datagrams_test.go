package portmap

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// A testRouter answers one client's PCP and NAT-PMP requests over a pipe.
type testRouter struct {
	conn net.Conn

	mu      sync.Mutex
	started time.Time
	deaf    bool // does not answer
	mapped  bool
}

func newTestRouter(conn net.Conn) *testRouter { return &testRouter{conn: conn, started: time.Now()} }

// restart makes the router forget everything.
func (r *testRouter) restart() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started, r.mapped = time.Now(), false
}

// die makes the router silent.
func (r *testRouter) die() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deaf = true
}

func (r *testRouter) hasMapping() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mapped
}

// serve answers until the client closes its end.
func (r *testRouter) serve() {
	buffer := make([]byte, 1500)
	for {
		n, err := r.conn.Read(buffer)
		if err != nil {
			return
		}
		if answer := r.answer(buffer[:n]); answer != nil {
			if _, err := r.conn.Write(answer); err != nil {
				return
			}
		}
	}
}

func (r *testRouter) answer(request []byte) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.deaf {
		return nil
	}
	age := uint32(time.Since(r.started) / time.Second)
	switch {
	case request[0] == natpmpVersion && request[1] == opAddress:
		b := binary.BigEndian.AppendUint32([]byte{0, 128, 0, 0}, age)
		return append(b, testExternal.Addr().AsSlice()...)
	case request[0] == natpmpVersion:
		r.mapped = binary.BigEndian.Uint32(request[8:]) > 0
		b := binary.BigEndian.AppendUint32([]byte{0, 129, 0, 0}, age)
		b = append(b, request[4:6]...)
		b = binary.BigEndian.AppendUint16(b, testExternal.Port())
		return append(b, request[8:12]...)
	}
	r.mapped = binary.BigEndian.Uint32(request[4:]) > 0
	b := slices.Clone(request)
	b[1] |= responseBit
	binary.BigEndian.PutUint32(b[8:], age)
	binary.BigEndian.PutUint16(b[42:], testExternal.Port())
	mapped := testExternal.Addr().As16()
	copy(b[44:], mapped[:])
	return b
}

// A report is one call with its time.
type report struct {
	at       time.Duration
	external netip.AddrPort
}

// A reportLog collects the calls of one lease.
type reportLog struct {
	start time.Time
	all   []report
}

func (r *reportLog) add(external netip.AddrPort, _ time.Duration) {
	r.all = append(r.all, report{time.Since(r.start), external})
}

func TestLeaseIsKeptOverASocket(t *testing.T) {
	for name, d := range map[string]dialect{"pcp": testPCP, "nat-pmp": testNATPMP} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				router := newTestRouter(far)
				go router.serve()
				ctx, cancel := context.WithCancel(t.Context())
				reports := reportLog{start: time.Now()}
				l := newLease(d, 40_000, 10*time.Minute, func() float64 { return 0.5 })
				done := make(chan struct{})
				go func() {
					defer close(done)
					keepLease(ctx, l, near, nil, zerolog.Nop(), reports.add)
				}()

				time.Sleep(time.Hour)
				synctest.Wait()
				if want := []report{{0, testExternal}}; !slices.Equal(reports.all, want) {
					t.Errorf("in an hour %v is reported, want %v", reports.all, want)
				}
				if !router.hasMapping() {
					t.Error("the router has no mapping")
				}

				cancel()
				<-done
				synctest.Wait()
				if router.hasMapping() {
					t.Error("the mapping is not removed")
				}
				if want := []report{{0, testExternal}, {time.Hour, lost}}; !slices.Equal(reports.all, want) {
					t.Errorf("in the end %v is reported, want %v", reports.all, want)
				}
			})
		})
	}
}

func TestLeaseOfARouterThatDiedIsLostWhenItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		router := newTestRouter(far)
		go router.serve()
		ctx, cancel := context.WithCancel(t.Context())
		reports := reportLog{start: time.Now()}
		done := make(chan struct{})
		go func() {
			defer close(done)
			l := newLease(testPCP, 40_000, 10*time.Minute, func() float64 { return 0.5 })
			keepLease(ctx, l, near, nil, zerolog.Nop(), reports.add)
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		router.die()
		time.Sleep(time.Hour)
		synctest.Wait()
		if want := []report{{0, testExternal}, {10 * time.Minute, lost}}; !slices.Equal(reports.all, want) {
			t.Errorf("reported %v, want %v", reports.all, want)
		}
		cancel()
		<-done
	})
}

func TestAnnouncementOfARestartIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		router := newTestRouter(far)
		go router.serve()
		ctx, cancel := context.WithCancel(t.Context())
		var everybody audience
		announcements, leave := everybody.join(netip.MustParseAddr("192.168.1.1"))
		defer leave()
		done := make(chan struct{})
		go func() {
			defer close(done)
			l := newLease(testPCP, 40_000, 10*time.Minute, func() float64 { return 0.5 })
			keepLease(ctx, l, near, announcements, zerolog.Nop(), func(netip.AddrPort, time.Duration) {})
		}()
		time.Sleep(time.Minute)
		synctest.Wait()

		router.restart()
		announcement := unhex("02800000 00000000 00000000 00000000 00000000 00000000")
		everybody.tell(netip.MustParseAddr("192.168.1.66"), announcement)
		synctest.Wait()
		if router.hasMapping() {
			t.Error("somebody else's announcement is followed")
		}
		everybody.tell(netip.MustParseAddr("192.168.1.1"), announcement)
		synctest.Wait()
		if !router.hasMapping() {
			t.Error("not mapped anew at once")
		}
		cancel()
		<-done
	})
}
