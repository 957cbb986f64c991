package peer

import (
	"context"
	"net/netip"
	"slices"
	"sync"

	"peerd/internal/addressscope"
	"peerd/internal/portmap"
	"peerd/peer/api"
	"peerd/wire"
)

// maxMapped is how many mapped endpoints we name. One home router makes one;
// the second is for a host on two networks. More would take the place of local
// endpoints.
const maxMapped = 2

// A PortMapper has routers forward a port of ours until ctx ends, and reports
// what they promise: portmap.Keep.
type PortMapper func(ctx context.Context, config portmap.Config, report func(portmap.Mapping)) error

// mappings are what routers promise just now, at most one for each gateway and
// protocol.
type mappings []portmap.Mapping

// with returns the mappings after a report.
func (m mappings) with(report portmap.Mapping) mappings {
	after := slices.DeleteFunc(slices.Clone(m), func(known portmap.Mapping) bool {
		return known.Gateway == report.Gateway && known.Protocol == report.Protocol
	})
	if report.External.IsValid() {
		after = append(after, report)
	}
	return after
}

// endpoints lists where peers can send to, in a fixed order, each once: several
// protocols of a router share one. Those on the internet come first. A private
// one is of a router behind another NAT; neighbours behind that NAT can use it,
// and often nothing else.
func (m mappings) endpoints() []netip.AddrPort {
	var endpoints []netip.AddrPort
	for _, mapping := range slices.SortedFunc(slices.Values(m), compareMappings) {
		if addressscope.Of(mapping.External.Addr()) >= addressscope.Private {
			endpoints = append(endpoints, mapping.External)
		}
	}
	endpoints = slices.Compact(endpoints)
	return endpoints[:min(len(endpoints), maxMapped)]
}

func compareMappings(a, b portmap.Mapping) int {
	switch {
	case a.IsPublic() && !b.IsPublic():
		return -1
	case b.IsPublic() && !a.IsPublic():
		return 1
	}
	return a.External.Compare(b.External)
}

// keepMapped has the home router forward our port for as long as the daemon
// runs, and then no longer; nor while nobody may learn where we are.
func (d *Daemon) keepMapped() {
	bound := d.socket.Addr()
	if d.config.PortMapper == nil || !mayBeForwardedTo(bound.Addr()) {
		return
	}
	for d.ctx.Err() == nil {
		wanted := d.introduces() != api.IntroduceRelayOnly
		ctx, stop := context.WithCancel(d.ctx)
		var mapping sync.WaitGroup
		if wanted {
			mapping.Go(func() { d.keepMappedUntil(ctx, bound.Port()) })
		}
		for d.ctx.Err() == nil && wanted == (d.introduces() != api.IntroduceRelayOnly) {
			select {
			case <-d.remap:
			case <-d.ctx.Done():
			}
		}
		stop()
		mapping.Wait()
		d.forgetMappings()
	}
}

// forgetMappings drops what routers promised.
func (d *Daemon) forgetMappings() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mappings = nil
}

func (d *Daemon) keepMappedUntil(ctx context.Context, port uint16) {
	config := portmap.Config{Port: port, Doubts: d.roaming.mappings, Logger: d.log}
	if err := d.config.PortMapper(ctx, config, d.mapped); err != nil {
		d.log.Error().Err(err).Msg("no port mapping")
	}
}

// mayBeForwardedTo reports whether a socket bound to addr can receive what a
// router forwards: from inside a home, by IPv4.
func mayBeForwardedTo(addr netip.Addr) bool {
	return addr.IsUnspecified() || addr.Is4() && addressscope.Of(addr) == addressscope.Private
}

// mapped takes a report. Where we can be reached is told at once, and peers
// that we reach by relay alone get another chance when there is a new endpoint.
func (d *Daemon) mapped(report portmap.Mapping) {
	d.mu.Lock()
	before := d.mappings.endpoints()
	d.mappings = d.mappings.with(report)
	after := d.mappings.endpoints()
	d.mu.Unlock()
	if slices.Equal(before, after) {
		return
	}
	d.log.Info().Any("endpoints", after).Msg("mapped by the router")
	d.sendEndpoints()
	if slices.ContainsFunc(after, func(e netip.AddrPort) bool { return !slices.Contains(before, e) }) {
		d.talkToRelayed()
	}
}

// talkToRelayed asks for new introductions to the peers without a direct path.
func (d *Daemon) talkToRelayed() {
	for _, s := range d.allSessions() {
		if !s.punch.Path().IsDirect() && d.mayLearn(s.peer) {
			d.talkWanted(s.id, nil)
		}
	}
}

// mappedEndpoints lists the endpoints of routers that forward to our socket.
func (d *Daemon) mappedEndpoints() []netip.AddrPort {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mappings.endpoints()
}

// mappedCandidates are the mapped endpoints as candidates, without the one that
// the rendezvous has observed: that one is certified.
func (d *Daemon) mappedCandidates() []wire.Candidate {
	var candidates []wire.Candidate
	observed := d.observedEndpoint()
	for _, endpoint := range d.mappedEndpoints() {
		if endpoint != observed {
			candidates = append(candidates, wire.Candidate{Endpoint: endpoint, Kind: wire.CandidateMapped})
		}
	}
	return candidates
}
