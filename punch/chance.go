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
const portsOfRandom = 1<<16 - firstSprayPort

// Chance says how likely one introduction of two peers with these NATs leads
// to a direct path, from 0 to 1. It is the same from either side. A report
// without a mapping is taken for that of a network that lets no UDP through:
// TCP is left. Mapped ports, IPv6 and a common network are not in it; where
// they are, the chance is better.
//
//	             easy         sequential    block           random
//	easy         volley       prediction    birthday        birthday
//	sequential                prediction²   coverage        0
//	block                                   both coverages  0
//	random                                                  0
//
// See Engine.plan for the strategies behind it.
func Chance(ours, theirs wire.NATReport) float64 {
	if ours.Mapping == wire.MappingUnknown || theirs.Mapping == wire.MappingUnknown {
		return chanceOfTCP
	}
	hard, easy := ours, theirs
	if classOf(hard) == classEasy {
		hard, easy = theirs, ours
	}
	switch {
	case classOf(hard) == classEasy, classOf(easy) == classEasy && !filtersByPort(easy):
		return chanceOfVolley // whoever is easy lets the other in, whatever its port
	case classOf(easy) != classEasy:
		return chanceOfVolley * chanceOfPromise(ours) * chanceOfPromise(theirs)
	case classOf(hard) == classSequential:
		return chanceOfVolley * chanceOfPrediction
	case classOf(hard) == classBlock:
		return chanceOfVolley * birthday(blockSockets, blockSprayPorts, portsOfBlock(hard))
	}
	return chanceOfVolley * birthday(manySockets, sprayPorts, portsOfRandom)
}

// chanceOfPromise is how likely one of the sockets that a peer opens for a
// meeting sits on the port it has promised.
func chanceOfPromise(r wire.NATReport) float64 {
	switch classOf(r) {
	case classSequential:
		return chanceOfPrediction
	case classBlock:
		return min(1, maxMeetingSockets/float64(portsOfBlock(r)))
	}
	return 0 // a NAT that picks any port can promise none
}

func portsOfBlock(r wire.NATReport) int { return max(1, int(r.LastPort)-int(r.FirstPort)+1) }

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
