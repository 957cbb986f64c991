package peer

import (
	"context"
	"net/netip"
	"time"

	"peerd/punch"
	"peerd/punch/socket"
	"peerd/wire"
)

const (
	// predictions is how many ports we ask the peer to try. Local and observed
	// candidates have to fit beside them into wire.MaxCandidates.
	predictions = wire.MaxCandidates - 2
	// predictionPause is the least time between two predictions in one
	// conversation: a prediction that failed fails again until the next
	// introduction that somebody else has a reason for.
	predictionPause = 10 * time.Second
)

// predict helps the peer through our own router when that has another port for
// every peer, but counts: the volley that has just begun has mapped us for the
// peer at a port next to those of a few samples taken now, and a second talk
// tells the peer which ports to try.
//
//	introduction ── volley: our router maps us at some port, unseen
//	             ── samples: the ports before or after it
//	talk ────────── introduction of the peer: predicted candidates
//	             ── its volley finds the port; ours has opened the router
func (d *Daemon) predict(c *conversation, s *session) {
	d.mu.Lock()
	server, report := d.server, d.observation.report
	d.mu.Unlock()
	if report.Allocation != wire.AllocationSequential || s.punch.Path().IsDirect() || !c.mayPredict() {
		return
	}
	d.spawn(func() {
		samples := sample(s.ctx, server)
		d.talkPredicted(c, punch.Predict(samples, predictions))
	})
}

// mayPredict reports whether it is time for another prediction.
func (c *conversation) mayPredict() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.predictedAt) < predictionPause {
		return false
	}
	c.predictedAt = time.Now()
	return true
}

// talkPredicted talks to the peer again, with the endpoints it should try.
func (d *Daemon) talkPredicted(c *conversation, predicted []netip.AddrPort) {
	connection := d.currentControl()
	if len(predicted) == 0 || connection == nil {
		return
	}
	talk := wire.Talk{To: c.peer}
	talk.Candidates, talk.NAT = d.whereabouts()
	for _, endpoint := range predicted {
		if len(talk.Candidates) == wire.MaxCandidates {
			break
		}
		talk.Candidates = append(talk.Candidates, wire.Candidate{Endpoint: endpoint, Kind: wire.CandidatePredicted})
	}
	connection.TrySend(talk)
	d.log.Debug().Stringer("peer", c.peer).Int("predicted", len(predicted)).Msg("talk")
}

// sampleAllocation asks how a router that maps every destination anew picks its
// ports.
func sampleAllocation(ctx context.Context, server netip.AddrPort) wire.Allocation {
	allocation, _ := punch.Sequence(sample(ctx, server))
	return allocation
}

// sample looks at the router's ports just now; nothing when it takes too long
// or an answer is lost.
func sample(ctx context.Context, server netip.AddrPort) []netip.AddrPort {
	ctx, cancel := context.WithTimeout(ctx, observePatience)
	defer cancel()
	samples, err := socket.Sample(ctx, server, punch.LeastSamples)
	if err != nil {
		return nil // a guess less
	}
	return samples
}
