package peer

import (
	"net/netip"
	"slices"

	"peerd/internal/addressscope"
	"peerd/peer/api"
	"peerd/punch"
	"peerd/punch/socket"
	"peerd/wire"
)

// warningsAbout returns what a person should know of the last search for a path:
// what was named in vain, and what does not fit together.
func warningsAbout(candidates []wire.Candidate, search socket.Search) []api.Warning {
	all := leftOutWarnings(search.LeftOut)
	if unconfirmed := unconfirmedWarning(candidates, search.Attempts); unconfirmed.Count > 0 {
		all = append(all, unconfirmed)
	}
	for _, w := range search.Warnings {
		all = append(all, api.Warning{Code: api.WarningCode(w.Code), Count: w.Count, Endpoint: w.Seen})
	}
	return all
}

// leftOutWarnings warns of candidates that an honest peer does not have. That
// another home has private addresses, its router too if that is not the last one,
// and IPv6 where we have none, is usual.
func leftOutWarnings(leftOut []socket.LeftOut) []api.Warning {
	var all []api.Warning
	for _, c := range leftOut {
		code := leftOutCodes[c.Reason]
		usual := c.Reason == socket.LeftOutPrivate && (c.Kind == wire.CandidateLocal || c.Kind == wire.CandidateMapped)
		if code == "" || usual {
			continue
		}
		known := slices.IndexFunc(all, func(w api.Warning) bool { return w.Code == code })
		if known < 0 {
			known = len(all)
			all = append(all, api.Warning{Code: code, Endpoint: c.Endpoint})
		}
		all[known].Count++
	}
	return all
}

var leftOutCodes = map[socket.LeftOutReason]api.WarningCode{
	socket.LeftOutReserved: api.WarningReserved,
	socket.LeftOutPrivate:  api.WarningPrivate,
	socket.LeftOutOwn:      api.WarningOwnAddress,
	socket.LeftOutLowPort:  api.WarningLowPort,
	socket.LeftOutTooMany:  api.WarningTooMany,
}

// unconfirmedWarning counts the candidates on the internet that were probed in
// vain at an address where the rendezvous does not see the peer. Of IPv6 there
// is nothing to compare: a host has many addresses.
func unconfirmedWarning(candidates []wire.Candidate, attempts []punch.Attempt) api.Warning {
	warning := api.Warning{Code: api.WarningUnconfirmed}
	for _, attempt := range attempts {
		addr := attempt.Endpoint.Addr()
		named := attempt.Kind != 0 && attempt.Probes > 0 && attempt.Heard+attempt.Replies == 0
		if named && addr.Is4() && addressscope.Of(addr) == addressscope.Global && !isSeenAt(candidates, addr) {
			warning.Count++
			warning.Endpoint = attempt.Endpoint
		}
	}
	return warning
}

// isSeenAt reports whether the rendezvous sees the peer at addr.
func isSeenAt(candidates []wire.Candidate, addr netip.Addr) bool {
	return slices.ContainsFunc(candidates, func(c wire.Candidate) bool {
		return (c.Kind == wire.CandidateObserved || c.Kind == wire.CandidateTCP) && c.Endpoint.Addr() == addr
	})
}
