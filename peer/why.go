package peer

import (
	"context"
	"net/netip"
	"time"

	"peerd/peer/api"
	"peerd/wire"
)

// punchingFor is how long after an introduction a session counts as being
// punched: the length of a volley, and a round trip for its last answer.
const punchingFor = 3 * time.Second

// Why explains which path to the peer is in use.
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
		Probed:    []netip.AddrPort{},
	}
	introduction, at := d.conversation(peer).lastIntroduction()
	if !at.IsZero() {
		why.TheirNAT = natWords(introduction.NAT)
		for _, candidate := range introduction.Candidates {
			why.Probed = append(why.Probed, candidate.Endpoint)
		}
	}
	why.Reason = d.reason(peer, way, introduction, at, udp)
	return why, nil
}

// reason returns the first reason that applies, in the order of api.Reason.
func (d *Daemon) reason(peer wire.Key, way way, introduction wire.Introduction, at time.Time, udp bool) api.Reason {
	row, _ := d.rosterRow(peer)
	switch {
	case way.path == api.PathDirect:
		return api.ReasonDirect
	case d.currentControl() == nil:
		return api.ReasonRendezvousOffline
	case !row.Online:
		return api.ReasonPeerOffline
	case at.IsZero():
		return api.ReasonNoTalk
	case time.Since(at) < punchingFor:
		return api.ReasonPunching
	case !udp:
		return api.ReasonNoUDP
	case !hasObserved(introduction.Candidates):
		return api.ReasonPeerNoUDP
	}
	return hardness(d.ownReport(), introduction.NAT)
}

// hardness says which router is to blame when nothing else is.
func hardness(ours, theirs wire.NATReport) api.Reason {
	weAreHard, theyAreHard := ours.Mapping >= wire.MappingADM, theirs.Mapping >= wire.MappingADM
	switch {
	case weAreHard && theyAreHard:
		return api.ReasonHardNATs
	case weAreHard:
		return api.ReasonOurHardNAT
	case theyAreHard:
		return api.ReasonTheirHardNAT
	}
	return api.ReasonNoAnswer
}

func hasObserved(candidates []wire.Candidate) bool {
	for _, candidate := range candidates {
		if candidate.Kind == wire.CandidateObserved {
			return true
		}
	}
	return false
}

func (d *Daemon) ownReport() wire.NATReport {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.observation.report
}

func (c *conversation) lastIntroduction() (wire.Introduction, time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.introduction, c.introducedAt
}
