//go:build linux

package flood

import "net/netip"

// An attack is one row of the table: parts that one process plays at the same time.
type attack struct {
	name  string
	parts []string
}

// many are the sources of an attacker who has them.
var many = []netip.Prefix{attackers4, attackers4, attackers4, attackers6}

// parts are what the program plays on the hosts of the lab.
var parts = map[string]part{
	"honest": logIn,
	"idle":   idle,

	"noise":        simply(sendJunk("noise")),
	"bindings":     simply(sendJunk("bindings")),
	"logins":       simply(sendJunk("logins")),
	"relay-frames": simply(sendJunk("relay-frames")),
	"quic":         simply(sendJunk("quic")),
	"junk":         simply(sendJunk("noise", "bindings", "logins", "relay-frames", "quic")),

	"silent":       simply(holdConnections(false, many...)),
	"dribble":      simply(holdConnections(true, many...)),
	"dribble-/32":  simply(holdConnections(true, one4)),
	"dribble-/56":  simply(holdConnections(true, one56)),
	"handshakes":   simply(shakeHands(many...)),
	"shaking-/32":  simply(shakeHands(one4)),
	"hellos":       simply(replayHellos(many...)),
	"talk-to-all":  simply(talkToAll),
	"talk-to-one":  simply(talkToOne),
	"roster":       simply(changeRoster),
	"relay":        simply(relayTooMuch),
	"never-read":   simply(neverRead),
	"classic":      simply(sendClassic),
	"classic-list": simply(holdClassic),
}

// attacks are the rows, in their order.
var attacks = []attack{
	{"none", nil},
	{"junk: noise", []string{"noise"}},
	{"junk: bindings, forged sources", []string{"bindings"}},
	{"junk: logins, forged sources", []string{"logins"}},
	{"junk: relay frames, forged", []string{"relay-frames"}},
	{"junk: like QUIC", []string{"quic"}},
	{"half-open: 10,000, silent", []string{"silent"}},
	{"half-open: 10,000, 1 byte/s", []string{"dribble"}},
	{"half-open: 10,000 from one /32", []string{"dribble-/32"}},
	{"half-open: 10,000 from one /56", []string{"dribble-/56"}},
	{"handshakes, bad tokens", []string{"handshakes"}},
	{"handshakes from one /32", []string{"shaking-/32"}},
	{"one ClientHello over and over", []string{"hellos"}},
	{"member: talks to everybody", []string{"talk-to-all"}},
	{"member: talks to one", []string{"talk-to-one"}},
	{"member: roster", []string{"roster"}},
	{"member: relay", []string{"relay"}},
	{"20 members who never read", []string{"never-read"}},
	{"classic: logins, forged sources", []string{"classic"}},
	{"classic: 10,000 connections", []string{"classic-list"}},
	{"all at once", []string{"junk", "dribble", "handshakes", "hellos", "talk-to-all", "talk-to-one", "roster", "relay", "never-read"}},
}
