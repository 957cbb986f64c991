package peer

import (
	"context"
	"net/netip"
	"time"

	"peerd/peer/api"
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
	// refresh it at least once a minute.
	observationLifetime = 100 * time.Second
)

// What the answers of the rendezvous may have us do of our own accord: it alone says
// where we are seen, and one gone bad could say something else each time.
const (
	// measureEvery and measureBurst bound the classifications that nobody waits for.
	// Each sends up to ten logins to an other address that does not answer, which may
	// be a stranger's (threat T2): one a second in the long run. A larger burst
	// helps nobody; a smaller one leaves the report empty after a few moves.
	measureEvery = 10 * time.Second
	measureBurst = 6
	// moveEvery and moveBurst bound how often we begin anew because our endpoint is
	// another one. More often, and each new login would bring the next move.
	moveEvery = 10 * time.Second
	moveBurst = 4
)

// How often we log in by UDP again, so that our router keeps its mapping towards
// the rendezvous, and so that a new one is noticed.
const (
	// unknownKeepalive serves while our router's mapping lifetime is unknown.
	// Routers may forget a UDP mapping after 30 s (what Linux grants one-way
	// traffic; RFC 4787 REQ-5 asks for 2 min): longer than that loses the endpoint
	// that peers are told.
	unknownKeepalive = 20 * time.Second
	// shortestKeepalive is the least that a measured lifetime may make of it.
	shortestKeepalive = 15 * time.Second
	// longestKeepalive is when even a patient router is asked, since the answer
	// also tells a change of our public address. With observePatience it stays
	// below observationLifetime, and below what the rendezvous takes for a peer
	// that UDP has left (75 s).
	longestKeepalive = time.Minute
)

// keepaliveInterval is 80 % of the lifetime of our router's mappings, 0 if that
// is unknown.
func keepaliveInterval(lifetime time.Duration) time.Duration {
	if lifetime == 0 {
		return unknownKeepalive
	}
	return min(max(lifetime*4/5, shortestKeepalive), longestKeepalive)
}

// observation is how the rendezvous sees our UDP socket. The zero observation
// is that of a network that does not let UDP through.
type observation struct {
	accept wire.Accept
	at     time.Time
	rtt    time.Duration // of the last login that was measured
	// answering is whether the observation was fresh when that was last looked at.
	answering bool
	// report and openerTTL are what is known of the NATs in front of us, as far as
	// it was measured since we came to this network: see classify.
	report    wire.NATReport
	openerTTL int
	// taken are ports of our NAT that the measurement has used up for a while.
	taken []uint16
}

func (o observation) fresh(now time.Time) bool {
	return !o.at.IsZero() && now.Sub(o.at) < observationLifetime
}

// observe has the rendezvous observe our socket, from the first answer on for
// as long as ctx lives, and watches whether UDP gets through at all.
func (d *Daemon) observe(ctx context.Context, server netip.AddrPort) {
	d.forgetObservation() // a restarted rendezvous does not know its old cookies
	d.socket.SetRendezvous(server)
	d.spawn(func() { d.observePatiently(ctx, server) })
	stopLearning := d.beginLearning(ctx, server)
	defer func() { stopLearning() }()
	doubts, spaced := d.roaming.doubts, make(<-chan time.Time)
	for {
		d.chooseRelay(server)
		select {
		case <-time.After(keepaliveInterval(d.ownReport().Lifetime)):
			d.confirmObservation(ctx, server)
		case <-doubts:
			doubts, spaced = nil, time.After(doubtSpacing)
			d.doubtControl()
			d.confirmObservation(ctx, server)
		case <-spaced:
			doubts = d.roaming.doubts
		case <-d.roaming.changes:
			d.spawn(func() { d.observePatiently(ctx, server) })
			stopLearning()
			stopLearning = d.beginLearning(ctx, server)
		case <-ctx.Done():
			return
		}
	}
}

// confirmObservation logs in by UDP again. Without an answer the control
// connection, which takes the same way, is in doubt too.
func (d *Daemon) confirmObservation(ctx context.Context, server netip.AddrPort) {
	patience, cancel := context.WithTimeout(ctx, observePatience)
	defer cancel()
	if _, err := d.socket.Login(patience, server); err != nil && ctx.Err() == nil {
		d.forgetObservation()
		d.doubtControl()
	}
}

// forgetObservation notes that nobody knows how the rendezvous sees us.
func (d *Daemon) forgetObservation() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.observation.at = time.Time{}
}

// observePatiently is observeOnce for nobody who waits.
func (d *Daemon) observePatiently(ctx context.Context, server netip.AddrPort) {
	ctx, cancel := context.WithTimeout(ctx, observePatience)
	defer cancel()
	if !d.classifier.allowance.Allow() {
		_, _ = d.socket.Login(ctx, server) // where we are seen, if anywhere, is enough
		return
	}
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
	result := d.classify(d.natcheckConfig(server, accept, rtt))
	d.recallLifetime()
	return result
}

// chooseRelay sends relayed datagrams by UDP while the rendezvous answers by
// UDP, else inside the control connection. When the answers stop, peers are no
// longer told where we were seen: they would punch for nothing, and nobody would
// try TCP.
func (d *Daemon) chooseRelay(server netip.AddrPort) {
	d.mu.Lock()
	fresh := d.observation.fresh(time.Now())
	stopped := d.observation.answering && !fresh
	d.observation.answering = fresh
	d.mu.Unlock()
	if !fresh {
		server = netip.AddrPort{}
	}
	d.socket.SetRelay(server)
	if stopped {
		d.sendEndpoints()
	}
}

// observed takes an answer to a login or keepalive. A changed endpoint means
// that our router has another mapping for us now: everybody is told at once.
func (d *Daemon) observed(server netip.AddrPort, accept wire.Accept) {
	d.mu.Lock()
	before := d.observation
	d.observation.accept, d.observation.at = accept, time.Now()
	elsewhere := before.accept.Observed.Addr() != accept.Observed.Addr()
	if elsewhere {
		d.observation.report, d.observation.openerTTL, d.observation.taken = wire.NATReport{}, 0, nil
	}
	d.mu.Unlock()

	moved := before.accept.Observed.IsValid() && before.accept.Observed != accept.Observed
	if !moved && before.fresh(time.Now()) {
		return
	}
	d.log.Debug().Stringer("observed", accept.Observed).Msg("endpoint observed")
	d.chooseRelay(server)
	moved = moved && d.roaming.moves.Allow()
	if moved {
		d.routerChanged(before, accept.Observed)
		d.classic.reopen()
	}
	d.sendEndpoints()
	if moved && elsewhere {
		d.spawn(func() { d.observePatiently(d.ctx, server) })
	}
}

// sendEndpoints tells the rendezvous where we can be reached, and whether it has to
// keep that to itself. If it cannot be told, our next login tells it.
func (d *Daemon) sendEndpoints() {
	d.consenting.Lock()
	defer d.consenting.Unlock()
	endpoints := wire.Endpoints{Withhold: d.withholds()}
	endpoints.Candidates, endpoints.NAT = d.whereabouts() // now: an older answer must not come last
	connection := d.currentControl()
	if connection != nil && !connection.TrySend(endpoints) && endpoints.Withhold {
		d.dropControl()
	}
}

// whereabouts says where we can be reached: at our own endpoints, and, never
// left out, at those a router forwards and the one the rendezvous observed. Where
// nobody may know, that is the last one, by which it relays to us.
func (d *Daemon) whereabouts() ([]wire.Candidate, wire.NATReport) {
	var candidates []wire.Candidate
	if d.introduces() != api.IntroduceRelayOnly {
		candidates = d.insideCandidates()
	}
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

// insideCandidates are those that the rendezvous cannot see itself.
func (d *Daemon) insideCandidates() []wire.Candidate {
	var candidates []wire.Candidate
	mapped := d.mappedCandidates()
	for _, endpoint := range d.socket.LocalEndpoints() {
		if len(candidates) == wire.MaxCandidates-1-len(mapped) {
			break
		}
		candidates = append(candidates, wire.Candidate{Endpoint: endpoint, Kind: wire.CandidateLocal})
	}
	return append(candidates, mapped...)
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

// ownNAT returns what is known of the NATs in front of us, beside the report.
func (d *Daemon) ownNAT() (openerTTL int, taken []uint16) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.observation.openerTTL, d.observation.taken
}
