package portmap

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"
)

var (
	testStart    = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	testExternal = netip.MustParseAddrPort("1.2.3.4:40001")
)

// A plainDialect writes what it is asked for and reads what a test says.
type plainDialect struct {
	asked *[]request
	next  *answer
}

type request struct {
	lifetime time.Duration
	external netip.AddrPort
}

func (d plainDialect) requests(lifetime time.Duration, external netip.AddrPort) [][]byte {
	*d.asked = append(*d.asked, request{lifetime, external})
	return [][]byte{{1}}
}

func (d plainDialect) read([]byte) (answer, bool) { return *d.next, true }

// A leaseStory drives a lease through time, always waking it when it wants.
type leaseStory struct {
	t     *testing.T
	lease *lease
	now   time.Time
	// The lease's requests, its reports and its refusals so far.
	asked    []request
	reported []netip.AddrPort
	refused  []error
	sentAt   []time.Duration
	next     answer
}

func newLeaseStory(t *testing.T) *leaseStory {
	s := &leaseStory{t: t, now: testStart}
	middle := func() float64 { return 0.5 } // no jitter in backoff, 9/16 of the lifetime
	s.lease = newLease(plainDialect{&s.asked, &s.next}, 40_000, 10*time.Minute, middle)
	s.step(tick{})
	return s
}

func (s *leaseStory) step(e event) {
	for _, a := range s.lease.step(s.now, e) {
		switch a := a.(type) {
		case send:
			s.sentAt = append(s.sentAt, s.now.Sub(testStart))
		case changed:
			s.reported = append(s.reported, a.external)
		case refused:
			s.refused = append(s.refused, a.err)
		}
	}
}

// pass lets time go by.
func (s *leaseStory) pass(d time.Duration) {
	for end := s.now.Add(d); ; {
		at := s.lease.wake()
		if s.lease.isEnded() || at.After(end) {
			s.now = end
			return
		}
		if at.Before(s.now) {
			s.t.Fatalf("wants to be woken at %v, which is %v ago", at, s.now.Sub(at))
		}
		s.now = at
		s.step(tick{})
	}
}

// answer lets the router answer.
func (s *leaseStory) answer(a answer) {
	s.next = a
	s.step(received{})
}

// grant lets the router grant the mapping, at an age that fits the time.
func (s *leaseStory) grant(external netip.AddrPort, lifetime time.Duration) {
	s.answer(answer{
		hasEpoch: true, epoch: s.age(), mapping: true,
		address: external.Addr(), port: external.Port(), lifetime: lifetime,
	})
}

func (s *leaseStory) age() uint32 { return 1000 + uint32(s.now.Sub(testStart)/time.Second) }

func (s *leaseStory) wantReports(want ...netip.AddrPort) {
	s.t.Helper()
	if !slices.Equal(s.reported, want) {
		s.t.Errorf("reported %v, want %v", s.reported, want)
	}
}

func (s *leaseStory) wantSent(want ...time.Duration) {
	s.t.Helper()
	if !slices.Equal(s.sentAt, want) {
		s.t.Errorf("sent at %v, want %v", s.sentAt, want)
	}
}

var lost netip.AddrPort

func TestSilentRouterIsAskedEverMoreRarely(t *testing.T) {
	s := newLeaseStory(t)
	s.pass(4 * time.Second)
	s.wantSent(0, 250*time.Millisecond, 750*time.Millisecond, 1750*time.Millisecond, 3750*time.Millisecond)
	s.pass(24 * time.Hour)
	if n := len(s.sentAt); n > 100 {
		t.Errorf("%d requests in a day", n)
	}
	last := s.sentAt[len(s.sentAt)-2:]
	if pause := last[1] - last[0]; pause != maxTimeout {
		t.Errorf("asks every %v in the end, want %v", pause, maxTimeout)
	}
	s.wantReports()
}

func TestMappingIsRenewedAtHalfItsLifetime(t *testing.T) {
	s := newLeaseStory(t)
	s.grant(testExternal, 10*time.Minute)
	s.wantReports(testExternal)
	renewedAt := 5*time.Minute + 37500*time.Millisecond // 9/16
	s.pass(renewedAt)
	s.wantSent(0, renewedAt)
	if want := (request{10 * time.Minute, testExternal}); s.asked[1] != want {
		t.Errorf("the renewal asks for %v, want what we have: %v", s.asked[1], want)
	}
	s.grant(testExternal, 10*time.Minute)
	s.pass(time.Hour)
	s.wantReports(testExternal, lost) // nobody answered any more
}

func TestRenewalIsSpread(t *testing.T) {
	if got := renewal(8*time.Minute, 0); got != 4*time.Minute {
		t.Errorf("earliest renewal after %v, want half the lifetime", got)
	}
	if got := renewal(8*time.Minute, 1); got != 5*time.Minute {
		t.Errorf("latest renewal after %v, want 5/8 of the lifetime", got)
	}
	if got := renewal(time.Second, 0.5); got != minRenewal {
		t.Errorf("renewal of a short mapping after %v, want %v", got, minRenewal)
	}
}

func TestRouterThatGrantsForeverIsAskedAgainAllTheSame(t *testing.T) {
	s := newLeaseStory(t)
	s.grant(testExternal, 1000*time.Hour)
	s.pass(6 * time.Minute)
	if len(s.sentAt) < 2 {
		t.Error("not renewed: a restarted router would go unnoticed")
	}
}

func TestShorterLifetimeOfTheRouterCounts(t *testing.T) {
	s := newLeaseStory(t)
	s.grant(testExternal, 2*time.Minute)
	s.pass(2*time.Minute - 1)
	s.wantReports(testExternal)
	s.pass(1)
	s.wantReports(testExternal, lost)
}

func TestOtherExternalEndpointIsReported(t *testing.T) {
	s := newLeaseStory(t)
	s.grant(testExternal, 10*time.Minute)
	s.pass(6 * time.Minute)
	other := netip.MustParseAddrPort("1.2.3.5:40002")
	s.grant(other, 10*time.Minute)
	s.wantReports(testExternal, other)
}

func TestAddressAndPortMayComeApart(t *testing.T) {
	s := newLeaseStory(t)
	s.answer(answer{mapping: true, port: 40_001, lifetime: time.Minute})
	s.wantReports()
	s.answer(answer{address: testExternal.Addr()})
	s.wantReports(testExternal)
}

func TestRefusalIsBelievedForItsTime(t *testing.T) {
	s := newLeaseStory(t)
	refusedBy := refusal{PCP, 8}
	s.answer(answer{mapping: true, refused: refusedBy, pause: 3 * time.Minute})
	s.pass(3*time.Minute - 1)
	s.wantSent(0)
	s.pass(1)
	s.wantSent(0, 3*time.Minute)
	if len(s.refused) != 1 || !errors.Is(s.refused[0], refusedBy) {
		t.Errorf("told of %v, want %v once", s.refused, refusedBy)
	}
}

func TestRefusedRenewalLeavesTheMappingUntilItExpires(t *testing.T) {
	s := newLeaseStory(t)
	s.grant(testExternal, 10*time.Minute)
	s.pass(6 * time.Minute)
	s.answer(answer{mapping: true, refused: refusal{PCP, 2}, pause: maxPause})
	s.pass(3 * time.Minute)
	s.wantReports(testExternal)
	s.pass(time.Minute)
	s.wantReports(testExternal, lost)
}

func TestMappingWithoutLifetimeIsNone(t *testing.T) {
	s := newLeaseStory(t)
	s.grant(testExternal, 0)
	s.wantReports()
	if len(s.refused) != 1 || !errors.Is(s.refused[0], errNoLifetime) {
		t.Errorf("told of %v, want %v", s.refused, errNoLifetime)
	}
	s.pass(minPause)
	s.wantSent(0, minPause)
}

func TestRouterThatForgotIsAskedAtOnce(t *testing.T) {
	s := newLeaseStory(t)
	s.grant(testExternal, 10*time.Minute)
	s.pass(time.Minute)
	s.answer(answer{hasEpoch: true, epoch: 0})
	s.wantSent(0, time.Minute)
	s.answer(answer{hasEpoch: true, mapping: true, address: testExternal.Addr(), port: 40_002, lifetime: time.Minute})
	s.wantReports(testExternal, netip.AddrPortFrom(testExternal.Addr(), 40_002))
}

func TestAnnouncementsThatTellNothingNewAreIgnored(t *testing.T) {
	s := newLeaseStory(t)
	s.grant(testExternal, 10*time.Minute)
	s.pass(time.Minute)
	s.answer(answer{hasEpoch: true, epoch: s.age()})
	s.answer(answer{hasEpoch: true, epoch: s.age(), address: testExternal.Addr()})
	s.wantSent(0)
}

func TestAnnouncedAddressIsAskedAbout(t *testing.T) {
	s := newLeaseStory(t)
	s.grant(testExternal, 10*time.Minute)
	s.pass(time.Minute)
	s.answer(answer{hasEpoch: true, epoch: s.age(), address: netip.MustParseAddr("1.2.3.5")})
	s.wantSent(0, time.Minute)
	s.wantReports(testExternal) // an announcement is a hint only
}

func TestForgedAnnouncementsCauseLittleTraffic(t *testing.T) {
	s := newLeaseStory(t)
	s.grant(testExternal, 10*time.Minute)
	for range 1000 {
		s.pass(100 * time.Millisecond)
		s.answer(answer{hasEpoch: true, epoch: 0})
		s.answer(answer{hasEpoch: true, epoch: s.age()})
		s.grant(testExternal, 10*time.Minute)
	}
	if n, most := len(s.sentAt), int(100*time.Second/refreshSpacing)+1; n > most {
		t.Errorf("%d requests in 100 s, want at most %d", n, most)
	}
}

func TestDoubtfulMappingIsAskedForAtOnce(t *testing.T) {
	s := newLeaseStory(t)
	s.grant(testExternal, 10*time.Minute)
	s.pass(time.Minute)
	s.step(doubt{})
	s.wantSent(0, time.Minute)
	s.grant(testExternal, 10*time.Minute)
	s.wantReports(testExternal) // nothing has changed
}

func TestManyDoubtsCauseLittleTraffic(t *testing.T) {
	s := newLeaseStory(t)
	s.grant(testExternal, 10*time.Minute)
	for range 1000 {
		s.pass(100 * time.Millisecond)
		s.step(doubt{})
		s.grant(testExternal, 10*time.Minute)
	}
	if n, most := len(s.sentAt), int(100*time.Second/refreshSpacing)+1; n > most {
		t.Errorf("%d requests in 100 s, want at most %d", n, most)
	}
}

func TestDoubtsDoNotHurryARouterThatNeverAnswers(t *testing.T) {
	calm, doubtful := newLeaseStory(t), newLeaseStory(t)
	for range 600 {
		calm.pass(time.Second)
		doubtful.pass(time.Second)
		doubtful.step(doubt{})
	}
	doubtful.wantSent(calm.sentAt...)
}

func TestStopRemovesTheMapping(t *testing.T) {
	s := newLeaseStory(t)
	s.grant(testExternal, 10*time.Minute)
	s.step(stop{})
	s.wantReports(testExternal, lost)
	if last := s.asked[len(s.asked)-1]; last.lifetime != 0 {
		t.Errorf("the last request is %v, want a removal", last)
	}
	s.grant(testExternal, 10*time.Minute) // a late answer to something else
	if s.lease.isEnded() {
		t.Fatal("ended before the removal was answered")
	}
	s.answer(answer{mapping: true})
	if !s.lease.isEnded() {
		t.Error("not ended by the answer to the removal")
	}
}

func TestRemovalIsRepeatedForOneSecond(t *testing.T) {
	s := newLeaseStory(t)
	s.grant(testExternal, 10*time.Minute)
	s.step(stop{})
	s.pass(removalTime - 1)
	if s.lease.isEnded() {
		t.Error("ended too early")
	}
	s.pass(1)
	if !s.lease.isEnded() {
		t.Error("not ended")
	}
	s.wantSent(0, 0, 250*time.Millisecond, 750*time.Millisecond)
}

func TestStopIsAtOnceWhenThereIsNoMapping(t *testing.T) {
	s := newLeaseStory(t)
	s.pass(time.Second)
	s.step(stop{})
	if !s.lease.isEnded() {
		t.Error("not ended")
	}
	if last := s.asked[len(s.asked)-1]; last.lifetime != 0 {
		t.Errorf("the last request is %v, want a removal, lest an answer was lost", last)
	}
}

func TestStopBeforeTheFirstRequestSendsNothing(t *testing.T) {
	var asked []request
	l := newLease(plainDialect{&asked, new(answer)}, 1, time.Minute, func() float64 { return 0 })
	if actions := l.step(testStart, stop{}); len(actions) != 0 || !l.isEnded() {
		t.Errorf("actions %v, ended %v", actions, l.isEnded())
	}
}
