package peer

import (
	"net/netip"

	"peerd/wire"
)

// talkPredicted talks to the peer again, to tell it where else our router maps
// us: at a fresh socket, or at a port that it is about to give out. A session's
// engine has found out, and knows what it is for.
func (d *Daemon) talkPredicted(peer wire.Key, predicted []netip.AddrPort) {
	talk := wire.Talk{To: peer} // what the rendezvous knows of us besides still holds
	for _, endpoint := range predicted[:min(len(predicted), wire.MaxCandidates)] {
		talk.Candidates = append(talk.Candidates, wire.Candidate{Endpoint: endpoint, Kind: wire.CandidatePredicted})
	}
	d.askFor(talk)
	d.log.Debug().Stringer("peer", peer).Int("predicted", len(predicted)).Msg("talk")
}
