package peer

import (
	"context"
	"math"
	"net/netip"
	"slices"
	"time"

	"peerd/peer/api"
	"peerd/punch"
	"peerd/wire"
)

// Why explains the path to the peer.
func (d *Daemon) Why(ctx context.Context, ref string) (api.Why, error) {
	peer, err := d.resolve(ref)
	if err != nil {
		return api.Why{}, err
	}
	way := d.wayTo(peer)
	ours, udp := d.natRow()
	why := api.Why{
		Peer:      d.nameOf(peer),
		Path:      way.path,
		Transport: way.transport,
		Endpoint:  way.endpoint,
		RTT:       api.Milliseconds(way.rtt),
		OurNAT:    ours,
		TheirNAT:  natWords(wire.NATReport{}),
	}
	row, listed := d.rosterRow(peer)
	now := situation{
		path:     way.path,
		loggedIn: d.currentControl() != nil,
		outside:  !listed,
		online:   row.Online,
		udp:      udp,
		ours:     d.ownReport(),

		remedyOfPolicy: d.remedyOfPolicy(peer),
	}
	if c := d.existingConversation(peer); c != nil {
		d.explain(&why, &now, c)
	}
	why.Reason, why.Remedy, why.Searching = now.reason(), now.remedy(), now.searching
	return why, nil
}

// explain adds what the conversation knows.
func (d *Daemon) explain(why *api.Why, now *situation, c *conversation) {
	c.mu.Lock()
	s, introduction := c.session, c.introduction
	if announced := c.announced; announced.path == why.Path && announced.endpoint == why.Endpoint {
		why.Since = api.At(c.announcedAt)
	}
	now.refused, now.introduced = c.refused, !c.introducedAt.IsZero()
	c.mu.Unlock()
	if !now.introduced {
		return
	}
	now.theirPolicy = len(introduction.Candidates) == 0 && now.remedyOfPolicy == ""
	if now.remedyOfPolicy != "" || now.theirPolicy {
		return // nobody has looked for a path
	}
	now.theirs = introduction.NAT
	seen := observedOf(introduction.Candidates)
	now.theirUDP = seen.IsValid()
	now.oneAddress = seen.IsValid() && seen.Addr() == d.observedEndpoint().Addr()
	why.TheirNAT = natWords(introduction.NAT)
	if !now.oneAddress { // the reports say nothing of the way inside one NAT
		why.Chance = new(rounded(now.chance()))
	}
	if s == nil {
		return
	}
	path, search := s.punch.Path(), s.punch.Search()
	now.lossy, now.attempts, now.searching = path.Lossy, search.Attempts, search.Running
	if !search.Next.IsZero() {
		// One that is overdue, for want of something to send, begins with it.
		now.retries, why.RetryAt = true, api.At(later(search.Next, time.Now()))
	}
	why.Attempts, why.Probed = attemptRows(search.Attempts), probedEndpoints(search.Attempts)
	for _, named := range search.LeftOut {
		why.LeftOut = append(why.LeftOut, api.LeftOut{Kind: named.Kind.String(), Endpoint: named.Endpoint, Reason: string(named.Reason)})
	}
	why.Warnings = warningsAbout(introduction.Candidates, search)
}

// rounded returns a chance with the digits that mean something.
func rounded(chance float64) float64 { return math.Round(chance*1e4) / 1e4 }

// later returns the later of two times.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func attemptRows(attempts []punch.Attempt) []api.Attempt {
	var rows []api.Attempt
	for _, a := range attempts {
		row := api.Attempt{
			Strategy: a.Strategy.String(),
			Endpoint: a.Endpoint,
			First:    api.At(a.First),
			Last:     api.At(a.Last),
			Probes:   a.Probes,
			Openers:  a.Openers,
			Sockets:  a.Sockets,
			Heard:    a.Heard,
			Replies:  a.Replies,
			RTT:      api.Milliseconds(a.RTT),
		}
		switch {
		case a.Kind != 0:
			row.Kind = a.Kind.String()
		case a.Strategy == punch.StrategyVolley:
			row.Kind = "heard"
		}
		rows = append(rows, row)
	}
	return rows
}

// probedEndpoints returns the endpoints that were sent to, each once.
func probedEndpoints(attempts []punch.Attempt) []netip.AddrPort {
	var probed []netip.AddrPort
	for _, a := range attempts {
		if a.Probes+a.Openers > 0 && a.Endpoint.Port() != 0 && !slices.Contains(probed, a.Endpoint) {
			probed = append(probed, a.Endpoint)
		}
	}
	return probed
}

// observedOf returns where the rendezvous sees the peer by UDP; the zero
// AddrPort when it does not.
func observedOf(candidates []wire.Candidate) netip.AddrPort {
	for _, c := range candidates {
		if c.Kind == wire.CandidateObserved {
			return c.Endpoint
		}
	}
	return netip.AddrPort{}
}

func (d *Daemon) ownReport() wire.NATReport {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.observation.report
}
