package punch

import "peerd/wire"

// Chances that no formula gives. They are what users are told, and decide
// nothing: a wrong one misleads a person, not the engine.
const (
	// chanceOfVolley is that of two peers whose ports are known. The first four
	// shots both ways all fail once in 60 tries at 20 % loss, and the later ones
	// and a second introduction mend most of that.
	chanceOfVolley = 0.995
	// chanceOfPrediction is that a port foretold of a sequential NAT is the one
	// it gives: other flows get in between.
	chanceOfPrediction = 0.98
	// chanceOfTCP is that of home routers that let a TCP connection be opened
	// from both sides: 184 of 286 (Ford, Srisuresh and Kegel, 2005, table 1).
	chanceOfTCP = 0.64
)

// portsOfRandom is how many ports a NAT picks from that picks any: 1024 to 65535.
const portsOfRandom = 1<<16 - 1<<10

// What the strategies spend on one introduction.
const (
	expectedSockets, expectedPorts           = 640, 640 // against random allocation
	expectedBlockSockets, expectedBlockPorts = 64, 128  // against a block of known bounds
)

// Chance says how likely one introduction of two peers with these NATs leads
// to a direct path, from 0 to 1. It is the same from either side. A report
// without a mapping is taken for that of a network that lets no UDP through:
// TCP is left. Mapped ports, IPv6 and a common network are not in it; where
// they are, the chance is better.
//
//	             easy                   sequential   block           random
//	easy         volley                 prediction   birthday        birthday
//	sequential                          prediction²  coverage        coverage
//	block                                            both coverages  both coverages
//	random                                                           both: about 0
func Chance(ours, theirs wire.NATReport) float64 {
	if ours.Mapping == wire.MappingUnknown || theirs.Mapping == wire.MappingUnknown {
		return chanceOfTCP
	}
	if isHard(ours) && isHard(theirs) {
		return chanceOfVolley * coverage(ours) * coverage(theirs)
	}
	hard, easy := ours, theirs
	if isHard(theirs) {
		hard, easy = theirs, ours
	}
	switch {
	case !isHard(hard):
		return chanceOfVolley
	case easy.Filtering == wire.FilteringEIF || easy.Filtering == wire.FilteringADF:
		return chanceOfVolley // it lets the hard side in, whatever its port
	case hard.Allocation == wire.AllocationSequential:
		return chanceOfVolley * chanceOfPrediction
	case isKnownBlock(hard):
		return chanceOfVolley * birthday(expectedBlockSockets, expectedBlockPorts, portsOf(hard))
	}
	return chanceOfVolley * birthday(expectedSockets, expectedPorts, portsOfRandom)
}

// isHard reports whether the NAT gives a socket another port for another peer,
// so that nobody knows in advance where it can be reached.
func isHard(r wire.NATReport) bool { return r.Mapping >= wire.MappingADM }

func isKnownBlock(r wire.NATReport) bool {
	return r.Allocation == wire.AllocationBlock && r.FirstPort > 0
}

// portsOf is how many ports a hard NAT picks from.
func portsOf(r wire.NATReport) int {
	if isKnownBlock(r) {
		return int(r.LastPort) - int(r.FirstPort) + 1
	}
	return portsOfRandom
}

// coverage is how likely one of the sockets a hard NAT's peer opens sits on the
// one port it has promised.
func coverage(r wire.NATReport) float64 {
	if r.Allocation == wire.AllocationSequential {
		return chanceOfPrediction
	}
	return min(1, float64(expectedSockets)/float64(portsOf(r)))
}

// birthday is how likely one of so many different ports probed is that of one
// of so many sockets, when a NAT has put them on ports picked from all at
// random: 1 − C(all−sockets, probed) / C(all, probed).
func birthday(sockets, probed, all int) float64 {
	missed := 1.0
	for i := range probed {
		missed *= float64(max(0, all-sockets-i)) / float64(max(1, all-i))
	}
	return 1 - missed
}
