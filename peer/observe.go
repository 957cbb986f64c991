package peer

import (
	"context"
	"net/netip"
	"time"

	"peerd/wire"
)

const (
	// observePatience is how long a login by UDP may stay unanswered before the
	// relay goes through the control connection. It is longer than the control
	// connection takes on any sane link, so a slow answer does not count as none.
	observePatience = 2 * time.Second
	// observationLifetime is how old an observation may be and still be told to
	// the rendezvous: its cookie is good for wire.CookieLifetime, and keepalives
	// refresh it three times as often.
	observationLifetime = time.Minute
)

// observation is how the rendezvous sees our UDP socket. The zero observation
// is that of a network that does not let UDP through.
type observation struct {
	accept wire.Accept
	at     time.Time
	report wire.NATReport
	rtt    time.Duration // of the last login that was measured
}

func (o observation) fresh(now time.Time) bool {
	return !o.at.IsZero() && now.Sub(o.at) < observationLifetime
}

// observe has the rendezvous observe our socket, from the first answer on for
// as long as ctx lives, and watches whether UDP gets through at all.
func (d *Daemon) observe(ctx context.Context, server netip.AddrPort) {
	d.mu.Lock()
	d.observation.at = time.Time{} // a restarted rendezvous does not know its old cookies
	d.mu.Unlock()
	d.socket.KeepLoggedIn(server)
	d.observeOnce(ctx, server)
	ticker := time.NewTicker(observationLifetime / 4)
	defer ticker.Stop()
	for {
		d.chooseRelay(server)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// observeOnce logs in by UDP, measures how long that takes, and compares what
// the two ports of the rendezvous see.
func (d *Daemon) observeOnce(ctx context.Context, server netip.AddrPort) {
	ctx, cancel := context.WithTimeout(ctx, observePatience)
	defer cancel()
	start := time.Now()
	accept, err := d.socket.Login(ctx, server)
	if err != nil {
		return // networks that block UDP are nothing special: see chooseRelay
	}
	d.mu.Lock()
	d.observation.rtt = time.Since(start)
	d.mu.Unlock()
	d.classify(ctx, server, accept)
}

// chooseRelay sends relayed datagrams by UDP while the rendezvous answers by
// UDP, else inside the control connection.
func (d *Daemon) chooseRelay(server netip.AddrPort) {
	d.mu.Lock()
	fresh := d.observation.fresh(time.Now())
	d.mu.Unlock()
	if !fresh {
		server = netip.AddrPort{}
	}
	d.socket.SetRelay(server)
}

// classify compares what two ports of the rendezvous observe: the same
// endpoint means that our router's mapping does not depend on the port we
// send to (RFC 4787 section 4.1, tested as in RFC 5780 section 4.3).
func (d *Daemon) classify(ctx context.Context, server netip.AddrPort, accept wire.Accept) {
	other, err := d.socket.Login(ctx, netip.AddrPortFrom(server.Addr(), accept.OtherPort))
	if err != nil {
		return
	}
	report := report(d.socket.LocalEndpoints(), accept.Observed, other.Observed)
	if report.Mapping == wire.MappingAPDM {
		report.Allocation = sampleAllocation(ctx, server)
	}
	d.mu.Lock()
	changed := d.observation.report != report
	d.observation.report = report
	d.mu.Unlock()
	if changed {
		d.sendEndpoints()
	}
}

// report says what two observations of one socket tell about the router.
// Filtering needs a second address at the rendezvous and stays unknown.
func report(local []netip.AddrPort, first, second netip.AddrPort) wire.NATReport {
	var r wire.NATReport
	for _, endpoint := range local {
		if endpoint == first {
			r.Mapping = wire.MappingNone
			return r
		}
	}
	if first != second {
		r.Mapping = wire.MappingAPDM
		return r
	}
	r.Mapping = wire.MappingEIM
	if len(local) > 0 && local[0].Port() == first.Port() {
		r.Allocation = wire.AllocationPreserving
	}
	return r
}

// observed takes an answer to a login or keepalive. A changed endpoint means
// that our router has another mapping for us now: everybody is told at once.
func (d *Daemon) observed(server netip.AddrPort, accept wire.Accept) {
	d.mu.Lock()
	before := d.observation
	if before.accept.OtherPort == server.Port() {
		d.mu.Unlock()
		return // the second port's view is for classify alone
	}
	d.observation.accept, d.observation.at = accept, time.Now()
	d.mu.Unlock()

	if before.accept.Observed == accept.Observed && before.fresh(time.Now()) {
		return
	}
	d.log.Debug().Stringer("observed", accept.Observed).Msg("endpoint observed")
	d.chooseRelay(server)
	d.sendEndpoints()
	if before.accept.Observed.IsValid() && before.accept.Observed != accept.Observed {
		d.socket.NetworkChanged()
	}
}

// sendEndpoints tells the rendezvous where we can be reached.
func (d *Daemon) sendEndpoints() {
	candidates, report := d.whereabouts()
	if connection := d.currentControl(); connection != nil {
		connection.TrySend(wire.Endpoints{Candidates: candidates, NAT: report})
	}
}

// whereabouts says where we can be reached: at our own endpoints, and, never
// left out, at those a router forwards and the one the rendezvous observed.
func (d *Daemon) whereabouts() ([]wire.Candidate, wire.NATReport) {
	var candidates []wire.Candidate
	mapped := d.mappedCandidates()
	for _, endpoint := range d.socket.LocalEndpoints() {
		if len(candidates) == wire.MaxCandidates-1-len(mapped) {
			break
		}
		candidates = append(candidates, wire.Candidate{Endpoint: endpoint, Kind: wire.CandidateLocal})
	}
	candidates = append(candidates, mapped...)
	d.mu.Lock()
	seen := d.observation
	d.mu.Unlock()
	if seen.fresh(time.Now()) {
		candidates = append(candidates, wire.Candidate{
			Endpoint: seen.accept.Observed,
			Kind:     wire.CandidateObserved,
			Cookie:   seen.accept.Cookie,
		})
	}
	return candidates, seen.report
}

// observedEndpoint is our endpoint as the rendezvous sees it; zero when it
// does not.
func (d *Daemon) observedEndpoint() netip.AddrPort {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.observation.fresh(time.Now()) {
		return netip.AddrPort{}
	}
	return d.observation.accept.Observed
}
