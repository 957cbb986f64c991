package peer

import (
	"testing"

	"peerd/peer/api"
	"peerd/punch"
	"peerd/wire"
)

func TestTheRouterToBlameIsNamed(t *testing.T) {
	easy, hard := wire.NATReport{Mapping: wire.MappingEIM}, wire.NATReport{Mapping: wire.MappingAPDM}
	for _, test := range []struct {
		name         string
		ours, theirs wire.NATReport
		want         api.Reason
	}{
		{"both have a new port for every destination", hard, hard, api.ReasonHardNATs},
		{"ours has", hard, easy, api.ReasonOurHardNAT},
		{"theirs has", easy, hard, api.ReasonTheirHardNAT},
		{"neither has", easy, easy, api.ReasonNoAnswer},
		{"nothing is known", wire.NATReport{}, wire.NATReport{}, api.ReasonNoAnswer},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := hardness(test.ours, test.theirs); got != test.want {
				t.Errorf("reason is %s, want %s", got, test.want)
			}
		})
	}
}

// TestEverySituationHasAReasonAndARemedy goes from a session that works back to
// one that cannot begin.
func TestEverySituationHasAReasonAndARemedy(t *testing.T) {
	home := wire.NATReport{Mapping: wire.MappingEIM, Filtering: wire.FilteringAPDF}
	random := wire.NATReport{Mapping: wire.MappingAPDM, Allocation: wire.AllocationRandom}
	relayed := situation{
		path: api.PathRelay, loggedIn: true, online: true, introduced: true,
		udp: true, theirUDP: true, ours: home, theirs: home,
	}
	for _, test := range []struct {
		name   string
		change func(*situation)
		reason api.Reason
		remedy api.Remedy
	}{
		{"direct, though the rendezvous is down", func(s *situation) { s.path, s.loggedIn = api.PathDirect, false }, api.ReasonDirect, api.RemedyNothing},
		{"direct, but lossy", func(s *situation) { s.lossy = true }, api.ReasonLossy, api.RemedyNothing},
		{"no rendezvous", func(s *situation) { s.loggedIn = false }, api.ReasonRendezvousOffline, api.RemedyCheckNetwork},
		{"no member any more", func(s *situation) { s.outside, s.online = true, false }, api.ReasonNotMember, api.RemedyInvitePeer},
		{"nobody there", func(s *situation) { s.online = false }, api.ReasonPeerOffline, api.RemedyAwaitPeer},
		{"the peer wants no direct path", func(s *situation) { s.refused = wire.TalkRefusedPolicy }, api.ReasonPolicy, api.RemedyAllowDirect},
		{"nothing said yet", func(s *situation) { s.introduced = false }, api.ReasonNoTalk, api.RemedyTalk},
		{"a search is under way", func(s *situation) { s.searching = true }, api.ReasonPunching, api.RemedyWait},
		{"we have no UDP", func(s *situation) { s.udp = false }, api.ReasonNoUDP, api.RemedyAllowUDP},
		{"they have no UDP", func(s *situation) { s.theirUDP = false }, api.ReasonPeerNoUDP, api.RemedyPeerAllowUDP},
		{"one carrier NAT, no hairpin", func(s *situation) { s.oneAddress = true }, api.ReasonSameNAT, api.RemedyIPv6},
		{"their probes arrive, ours do not", func(s *situation) { s.attempts = []punch.Attempt{{Probes: 8, Heard: 3}} }, api.ReasonOneWay, api.RemedyPeerFirewall},
		{"nothing arrives", func(s *situation) { s.attempts = []punch.Attempt{{Probes: 8}} }, api.ReasonNoAnswer, api.RemedyFirewall},
		{"two random routers", func(s *situation) { s.ours, s.theirs = random, random }, api.ReasonHardNATs, api.RemedyMapPort},
		{"two random routers, tried again", func(s *situation) { s.ours, s.theirs, s.retries = random, random, true }, api.ReasonHardNATs, api.RemedyMapPort},
		{"a random router of ours", func(s *situation) { s.ours = random }, api.ReasonOurHardNAT, api.RemedyMapOurPort},
		{"a random router of theirs", func(s *situation) { s.theirs = random }, api.ReasonTheirHardNAT, api.RemedyMapPeerPort},
		{"bad luck with the ports, tried again", func(s *situation) { s.theirs, s.retries = random, true }, api.ReasonTheirHardNAT, api.RemedyRetry},
		{"a firewall, tried again in vain", func(s *situation) { s.retries = true }, api.ReasonNoAnswer, api.RemedyFirewall},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := relayed
			test.change(&s)
			if got := s.reason(); got != test.reason {
				t.Errorf("reason is %s, want %s", got, test.reason)
			}
			if got := s.remedy(); got != test.remedy {
				t.Errorf("remedy is %s, want %s", got, test.remedy)
			}
		})
	}
}

// TestTheChanceIsThatOfTheSearchThatRuns proves that what is not known, or no
// longer true, does not count.
func TestTheChanceIsThatOfTheSearchThatRuns(t *testing.T) {
	home := wire.NATReport{Mapping: wire.MappingEIM, Filtering: wire.FilteringAPDF}
	random := wire.NATReport{Mapping: wire.MappingAPDM, Allocation: wire.AllocationRandom}
	tcp := punch.Chance(wire.NATReport{}, home)
	for _, test := range []struct {
		name string
		s    situation
		want float64
	}{
		{"two homes", situation{udp: true, theirUDP: true, ours: home, theirs: home}, punch.Chance(home, home)},
		{"an unknown router is most likely easy", situation{udp: true, theirUDP: true, theirs: home}, punch.Chance(home, home)},
		{"a router of theirs that let UDP through before", situation{udp: true, ours: home, theirs: random}, tcp},
		{"a router of ours that let UDP through before", situation{theirUDP: true, ours: random, theirs: home}, tcp},
		{"no UDP anywhere", situation{ours: random, theirs: random}, tcp},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.s.chance(); got != test.want {
				t.Errorf("the chance is %v, want %v", got, test.want)
			}
		})
	}
}
