package peer

import (
	"peerd/peer/api"
	"peerd/punch"
	"peerd/wire"
)

// situation is what there is to know about the way to a peer, for the verdict
// on why it is what it is.
type situation struct {
	path     api.Path
	loggedIn bool
	outside  bool // the peer is not in the circle
	online   bool // the peer is
	refused  wire.TalkRefusedCode
	// remedyOfPolicy is set when we do not let the peer learn where we are: what would
	// change that.
	remedyOfPolicy api.Remedy

	// What follows is known after an introduction.
	introduced, searching bool
	theirPolicy           bool // nothing of the peer was shown, though we withhold nothing
	udp, theirUDP         bool // the rendezvous hears us, and them, by UDP
	oneAddress            bool // it sees both at one address
	ours, theirs          wire.NATReport
	attempts              []punch.Attempt
	retries               bool // another search is planned
	lossy                 bool // there is a direct path that loses too much
}

// goodChance is from when on waiting for the next search is the best advice.
const goodChance = 0.5

// reason returns the first reason that applies, in the order of api.Reason.
func (s *situation) reason() api.Reason {
	switch {
	case s.path == api.PathDirect:
		return api.ReasonDirect
	case s.lossy:
		return api.ReasonLossy
	case !s.loggedIn:
		return api.ReasonRendezvousOffline
	case s.outside:
		return api.ReasonNotMember
	case !s.online:
		return api.ReasonPeerOffline
	case s.refused == wire.TalkRefusedPolicy:
		return api.ReasonPolicy
	case s.remedyOfPolicy != "":
		return api.ReasonOurPolicy
	case !s.introduced:
		return api.ReasonNoTalk
	case s.theirPolicy:
		return api.ReasonTheirPolicy
	case s.searching:
		return api.ReasonPunching
	case !s.udp:
		return api.ReasonNoUDP
	case !s.theirUDP:
		return api.ReasonPeerNoUDP
	case s.oneAddress:
		return api.ReasonSameNAT
	case s.isOneWay():
		return api.ReasonOneWay
	}
	return hardness(s.ours, s.theirs)
}

// isOneWay reports whether the peer's probes arrive here and nothing answers
// ours.
func (s *situation) isOneWay() bool {
	heard, replies := 0, 0
	for _, attempt := range s.attempts {
		heard += attempt.Heard
		replies += attempt.Replies
	}
	return heard > 0 && replies == 0
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

// remedies are the advice for each reason when the next search will hardly do
// better than the last.
var remedies = map[api.Reason]api.Remedy{
	api.ReasonDirect:            api.RemedyNothing,
	api.ReasonLossy:             api.RemedyNothing,
	api.ReasonRendezvousOffline: api.RemedyCheckNetwork,
	api.ReasonNotMember:         api.RemedyInvitePeer,
	api.ReasonPeerOffline:       api.RemedyAwaitPeer,
	api.ReasonPolicy:            api.RemedyAllowDirect,
	api.ReasonTheirPolicy:       api.RemedyPeerAccepts,
	api.ReasonNoTalk:            api.RemedyTalk,
	api.ReasonPunching:          api.RemedyWait,
	api.ReasonNoUDP:             api.RemedyAllowUDP,
	api.ReasonPeerNoUDP:         api.RemedyPeerAllowUDP,
	api.ReasonSameNAT:           api.RemedyIPv6,
	api.ReasonOneWay:            api.RemedyPeerFirewall,
	api.ReasonHardNATs:          api.RemedyMapPort,
	api.ReasonOurHardNAT:        api.RemedyMapOurPort,
	api.ReasonTheirHardNAT:      api.RemedyMapPeerPort,
	api.ReasonNoAnswer:          api.RemedyFirewall,
}

// remedy says what would make the path direct. Only a failure that comes down to
// which ports the routers happened to pick is worth another try unchanged.
func (s *situation) remedy() api.Remedy {
	reason := s.reason()
	switch reason {
	case api.ReasonOurPolicy:
		return s.remedyOfPolicy
	case api.ReasonHardNATs, api.ReasonOurHardNAT, api.ReasonTheirHardNAT:
		if s.retries && s.chance() >= goodChance {
			return api.RemedyRetry
		}
	}
	return remedies[reason]
}

// chance says how likely one search finds a direct path.
func (s *situation) chance() float64 {
	return punch.Chance(presumed(s.ours, s.udp), presumed(s.theirs, s.theirUDP))
}

// presumed is a report as the search takes it: a NAT that lets UDP through and
// of which no more is known counts as easy. Where UDP is blocked, what the report
// says of it no longer matters.
func presumed(report wire.NATReport, udp bool) wire.NATReport {
	switch {
	case !udp:
		return wire.NATReport{}
	case report.Mapping == wire.MappingUnknown:
		report.Mapping = wire.MappingEIM
	}
	return report
}
