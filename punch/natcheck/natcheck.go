package natcheck

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"peerd/internal/portmap"
	"peerd/punch"
	"peerd/wire"
)

// Limit is how long Measure takes at most. Behind slow links some aspects are
// then not measured.
const Limit = 2800 * time.Millisecond

// Config says whom to ask.
type Config struct {
	// Server is the main UDP port of the rendezvous.
	Server netip.AddrPort
	// Accept is its answer to a login, which names the other port and address,
	// and RTT how long that took.
	Accept wire.Accept
	RTT    time.Duration
	// Listen opens a spare socket; nil opens one on the address that the system
	// sends from towards Server.
	Listen func() (*net.UDPConn, error)
	// AskRouters asks the routers on our side what port mapping they offer.
	AskRouters bool
	// Basics, if not nil, is called once, before Measure returns, as soon as
	// mapping, allocation and hops are measured: what punching needs most.
	Basics func(Result)
}

// Result is what was measured. The zero value of a field means that it was not,
// and NotMeasured says why.
type Result struct {
	Report wire.NATReport
	// Step of a sequential allocation, and Drift: how many flows per second
	// others opened at that NAT meanwhile.
	Step  int
	Drift float64
	// Taken are the ports that the samples were given. They stay in use for as long
	// as the NAT remembers UDP flows.
	Taken []uint16
	// Hairpin is whether two sockets behind the NAT reach each other at their
	// observed endpoints.
	Hairpin Answer
	// OwnHops are the routers on our side, nearest first.
	OwnHops []Hop
	// OpenerTTL is the TTL with which a packet passes all of OwnHops and dies at
	// the next router.
	OpenerTTL   int
	NotMeasured []Gap
	Took        time.Duration
}

// An Answer is yes, no or unknown.
type Answer uint8

// The answers.
const (
	Unknown Answer = iota
	No
	Yes
)

// String returns "unknown", "no" or "yes".
func (a Answer) String() string { return [...]string{"unknown", "no", "yes"}[min(a, Yes)] }

// Measure measures everything but the lifetime, in at most Limit. When ctx ends
// it returns soon, with what it has.
func Measure(ctx context.Context, config Config) Result {
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	m := newMeasurement(ctx, config)
	m.run()
	return m.result()
}

// measurement is one Measure under way. Each field below the first block is
// written by one goroutine and read when that has ended.
type measurement struct {
	ctx     context.Context
	config  Config
	started time.Time
	gaps    gaps

	views     punch.Views
	allocated punch.Allocation
	taken     []uint16
	swept     punch.Sweep
	filtering wire.Filtering
	hairpin   Answer
	services  []portmap.Service // of the own routers, in order; nil until they were asked
	drift     float64
}

func newMeasurement(ctx context.Context, config Config) *measurement {
	return &measurement{ctx: ctx, config: config, started: time.Now()}
}

// run begins with the burst that shows the allocation, while nothing else of
// ours moves it.
func (m *measurement) run() {
	samples := m.sendBurst(firstBurst)
	var basics, rest sync.WaitGroup
	mapped := make(chan struct{})
	basics.Go(func() { defer close(mapped); m.measureMapping() })
	basics.Go(func() { m.measureAllocation(samples) })
	basics.Go(m.measureHops)
	rest.Go(func() { <-mapped; m.measureFiltering() })
	rest.Go(func() { <-mapped; m.measureHairpin() })
	basics.Wait()
	m.noteHops()
	if m.config.Basics != nil {
		m.config.Basics(m.basics())
	}
	if m.config.AskRouters {
		m.askRouters()
	}
	rest.Wait()
	m.measureDrift()
}

// basics is the result as far as mapping, allocation and hops go.
func (m *measurement) basics() Result {
	mapping := m.views.Mapping()
	r := Result{Report: wire.NATReport{Mapping: mapping}, Took: time.Since(m.started)}
	if mapping != wire.MappingNone {
		r.Report.Allocation = m.allocated.Kind
		r.Report.FirstPort, r.Report.LastPort = m.allocated.FirstPort, m.allocated.LastPort
		r.Step = m.allocated.Step
		r.Taken = m.taken
	}
	r.OwnHops = m.ownHops()
	r.OpenerTTL = m.swept.OpenerTTL(len(r.OwnHops))
	r.NotMeasured = m.gaps.list()
	return r
}

func (m *measurement) result() Result {
	r := m.basics()
	r.Report.Filtering, r.Hairpin, r.Drift = m.filtering, m.hairpin, m.drift
	return r
}

// patience is how long an answer may take that is not lost.
func (m *measurement) patience() time.Duration {
	return min(2*m.config.RTT+150*time.Millisecond, time.Second)
}

// otherPort and otherAddress are the rendezvous' other UDP endpoints, the zero
// AddrPort where there is none.
func (m *measurement) otherPort() netip.AddrPort {
	if m.config.Accept.OtherPort == 0 {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(m.config.Server.Addr(), m.config.Accept.OtherPort)
}

func (m *measurement) otherAddress() netip.AddrPort {
	if !m.config.Accept.OtherAddr.IsValid() {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(m.config.Accept.OtherAddr, m.config.Server.Port())
}
