package peer

import (
	"net/netip"

	"peerd/wire"
)

// predictions is how many predicted endpoints a talk has room for, beside our
// observed endpoint and one more.
const predictions = wire.MaxCandidates - 2

// talkPredicted talks to the peer again, to tell it where else our router maps
// us: at a fresh socket, or at a port that it is about to give out. A session's
// engine has found out, and knows what it is for.
func (d *Daemon) talkPredicted(peer wire.Key, predicted []netip.AddrPort) {
	connection := d.currentControl()
	if connection == nil {
		return
	}
	talk := wire.Talk{To: peer}
	talk.Candidates, talk.NAT = d.whereabouts()
	predicted = predicted[:min(len(predicted), predictions)]
	talk.Candidates = withRoomFor(talk.Candidates, len(predicted))
	for _, endpoint := range predicted {
		talk.Candidates = append(talk.Candidates, wire.Candidate{Endpoint: endpoint, Kind: wire.CandidatePredicted})
	}
	connection.TrySend(talk)
	d.log.Debug().Stringer("peer", peer).Int("predicted", len(predicted)).Msg("talk")
}

// withRoomFor leaves out local candidates, which the peer has been told before,
// until count more fit.
func withRoomFor(candidates []wire.Candidate, count int) []wire.Candidate {
	var kept []wire.Candidate
	excess := len(candidates) + count - wire.MaxCandidates
	for _, candidate := range candidates {
		if excess > 0 && candidate.Kind == wire.CandidateLocal {
			excess--
			continue
		}
		kept = append(kept, candidate)
	}
	return kept[:min(len(kept), wire.MaxCandidates-count)]
}
