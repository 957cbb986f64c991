package peer

import (
	"context"
	"net/netip"
	"time"

	"peerd/punch/natcheck"
	"peerd/wire"
)

const (
	// observePatience is how long a login by UDP may stay unanswered before the
	// relay goes through the control connection. It is longer than the control
	// connection takes on any sane link, so a slow answer does not count as none.
	observePatience = 2 * time.Second
	// netcheckPatience is the same for a user who waits: with natcheck.Limit it
	// makes the 3 s after which netcheck tells what it knows.
	netcheckPatience = time.Second
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
	rtt    time.Duration // of the last login that was measured
	// report and openerTTL are what is known of the NATs in front of us, as far as
	// it was measured since we came to this network: see classify.
	report    wire.NATReport
	openerTTL int
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
	d.observePatiently(ctx, server)
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

// observePatiently is observeOnce for nobody who waits.
func (d *Daemon) observePatiently(ctx context.Context, server netip.AddrPort) {
	ctx, cancel := context.WithTimeout(ctx, observePatience)
	defer cancel()
	d.observeOnce(ctx, server)
}

// observeOnce logs in by UDP, measures how long that takes, and classifies the
// NATs on the way.
func (d *Daemon) observeOnce(ctx context.Context, server netip.AddrPort) natcheck.Result {
	start := time.Now()
	accept, err := d.socket.Login(ctx, server)
	if err != nil {
		return natcheck.Silence() // networks that block UDP are nothing special: see chooseRelay
	}
	rtt := time.Since(start)
	d.mu.Lock()
	d.observation.rtt = rtt
	d.mu.Unlock()
	return d.classify(natcheck.Config{Server: server, Accept: accept, RTT: rtt})
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

// observed takes an answer to a login or keepalive. A changed endpoint means
// that our router has another mapping for us now: everybody is told at once.
func (d *Daemon) observed(server netip.AddrPort, accept wire.Accept) {
	d.mu.Lock()
	before := d.observation
	d.observation.accept, d.observation.at = accept, time.Now()
	moved := before.accept.Observed.Addr() != accept.Observed.Addr()
	if moved {
		d.observation.report, d.observation.openerTTL = wire.NATReport{}, 0
	}
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
	if before.accept.Observed.IsValid() && moved {
		d.spawn(func() { d.observePatiently(d.ctx, server) })
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

// openerTTL is the TTL with which a packet leaves our own NATs and dies soon
// after; 0 when that is not known.
func (d *Daemon) openerTTL() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.observation.openerTTL
}
