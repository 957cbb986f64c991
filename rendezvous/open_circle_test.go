package rendezvous

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
	"golang.org/x/time/rate"

	"peerd/internal/ration"
	"peerd/roster"
	"peerd/wire"
)

// openServer opens a rendezvous that serves nobody.
func openServer(t *testing.T, change ...func(*Config)) *Server {
	t.Helper()
	config := Config{Listen: "127.0.0.1:0", StateDir: t.TempDir()}
	for _, f := range change {
		f(&config)
	}
	s, err := Open(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func inTheOpen(c *Config) { c.Open = true }

func TestT22CircleIsOpenOnlyByTheFlag(t *testing.T) {
	stranger := newClient(t, startServer(t))
	stranger.refusedWith(wire.RefusedNotMember, "in a closed circle", wire.Hello{Name: "alice"})
	open := startServer(t, inTheOpen)
	guest := newClient(t, open)
	if welcome := guest.login(wire.Hello{Name: "alice"}); welcome.Name != "alice" {
		t.Errorf("welcomed as %q", welcome.Name)
	}
	if welcome := newClient(t, open).login(wire.Hello{Name: "bob", Token: token(t, open, 1)}); welcome.Name != "bob" {
		t.Errorf("with an invite, welcomed as %q", welcome.Name)
	}
	// A token that is none is not a way around the limits, nor forgiven.
	newClient(t, open).refusedWith(wire.RefusedInviteUnknown, "with a made-up invite", wire.Hello{Name: "carol", Token: []byte("0123456789abcdef")})
}

// newcomer tries to join s under a name and key of its own from the i-th network.
func newcomer(s *Server, i int, source netip.Prefix, now time.Time) error {
	var key wire.Key
	binary.BigEndian.PutUint32(key[:], uint32(i)+1)
	_, err := s.admit(key, wire.Hello{Name: fmt.Sprintf("squatter %d", i)}, source, now)
	return err
}

// TestT06NamesOfAnOpenCircleCannotBeSquattedAtOnce has one host, and then a whole
// provider's worth of networks, join under ever new names.
func TestT06NamesOfAnOpenCircleCannotBeSquattedAtOnce(t *testing.T) {
	s := openServer(t, inTheOpen)
	now := time.Now()
	joined := func(from, count int, source func(int) netip.Prefix) (n int) {
		for i := from; i < from+count; i++ {
			switch err := newcomer(s, i, source(i), now); {
			case err == nil:
				n++
			case refusedCode(err) != wire.RefusedBusy:
				t.Fatal(err)
			}
		}
		return n
	}
	oneHost := func(int) netip.Prefix { return netip.MustParsePrefix("192.0.2.1/32") }
	somewhereElse := elsewhere(t, s.open.perSource, oneHost(0))
	if n := joined(0, 2*joinBurst, oneHost); n != joinBurst {
		t.Errorf("%d joined from one host at once, want %d", n, joinBurst)
	}
	if err := newcomer(s, 1<<20, somewhereElse, now); err != nil {
		t.Errorf("somebody from elsewhere: %v", err)
	}
	now = now.Add(time.Hour)
	if n := joined(1000, 2*joinBurst, oneHost); n != joinBurst {
		t.Errorf("%d joined from one host an hour later, want %d", n, joinBurst)
	}
}

// elsewhere returns a source that does not share its tokens with other, as one in a few
// thousand does. It finds out long ago: all are back since.
func elsewhere(t *testing.T, r *ration.Ration, other netip.Prefix) netip.Prefix {
	t.Helper()
	longAgo := time.Now().Add(-30 * 24 * time.Hour)
	for r.Take(other, longAgo) {
		continue
	}
	for _, source := range []string{"198.51.100.1/32", "198.51.100.2/32", "198.51.100.3/32", "198.51.100.4/32"} {
		if source := netip.MustParsePrefix(source); r.Has(source, longAgo) {
			return source
		}
	}
	t.Fatal("one host has taken everybody's tokens")
	return other
}

// TestT22IdentitiesAreFreeButNotMembership joins with one key after the other from ever
// new networks, as in libp2p's CVE-2022-23492 and CVE-2023-40583: members and memory stay
// within bounds.
func TestT22IdentitiesAreFreeButNotMembership(t *testing.T) {
	s := openServer(t, inTheOpen)
	const burst = 16 // each takes a write to the disk; joinBurstInAll would take the test seconds
	s.open.inAll = rate.NewLimiter(joinRateInAll, burst)
	now := time.Now()
	network := func(i int) netip.Prefix {
		address := netip.MustParseAddr("2001:db8::").As16()
		binary.BigEndian.PutUint32(address[3:], uint32(i)) // the last bits of a /56
		return netip.PrefixFrom(netip.AddrFrom16(address), 56)
	}
	for i := range 2 * burst {
		_ = newcomer(s, i, network(i), now)
	}
	before := heapInUse()
	for i := 2 * burst; i < 600; i++ {
		if refusedCode(newcomer(s, i, network(i), now)) != wire.RefusedBusy {
			t.Fatalf("identity %d is a member", i)
		}
	}
	if grown := int64(heapInUse()) - int64(before); grown > 1<<20 {
		t.Errorf("the heap has grown by %d bytes", grown)
	}
	members, err := s.state.members()
	if err != nil || len(members) != burst {
		t.Errorf("%d members, %v; want %d", len(members), err, burst)
	}
	// Who has an invite comes in all the same.
	invited := wire.Hello{Name: "invited", Token: token(t, s, 1)}
	if _, err := s.admit(wire.Key{0xff}, invited, netip.MustParsePrefix("192.0.2.9/32"), now); err != nil {
		t.Errorf("with an invite, in the flood: %v", err)
	}
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestT22CircleIsNeverLargerThanARosterMayBe(t *testing.T) {
	s := openTestState(t)
	err := s.update("fill the circle", func(tx *bolt.Tx) error {
		bucket := tx.Bucket(membersBucket)
		bucket.FillPercent = 1
		for i := range roster.MaxMembers {
			var key wire.Key
			binary.BigEndian.PutUint32(key[:], uint32(i))
			if err := bucket.Put(key[:], []byte("{}")); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	secret, now := []byte("0123456789abcdef"), time.Now()
	if _, err := s.addInvite(secret, 1, time.Hour, now); err != nil {
		t.Fatal(err)
	}
	if _, err := s.admit(applicant{key: wire.Key{0xff}, wish: "alice", token: secret}, now); refusedCode(err) != wire.RefusedBusy {
		t.Errorf("one more: %v", err)
	}
}
