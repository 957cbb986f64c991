//go:build linux

package matrix

import (
	"fmt"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
)

// The links of the design: between homes a round trip takes 80 ms, to the
// rendezvous 50 ms, through it 100 ms.
var (
	homeLink = natlab.Link{Delay: 20 * time.Millisecond}
	vpsLink  = natlab.Link{Delay: 5 * time.Millisecond}
)

// hops is how many routers of the internet lie between two homes, so that a
// packet can leave the one and die before it reaches the other.
const hops = 6

// A Pair is an arrangement of two networks in which peers meet.
type Pair struct {
	Name string
	Bar  Bar
	// Row and Column name the sender's and the recipient's Kind. They are empty
	// where the arrangement is none of the grid.
	Row, Column string

	// place builds the networks.
	place func(ground) (places, error)
	// ipv6 is set where the internet and all homes have IPv6 too.
	ipv6 bool
	// prepare is what happens right before the message is sent; nil for nothing.
	prepare func(places, [2]*stage.Peer) error
}

// ground is where the networks of a pair are built.
type ground struct {
	lab    *natlab.Lab
	number int    // of the pair in the lab, from 1 on
	dir    string // for files of programs on routers
}

// places is where two peers are: the sender and the recipient.
type places struct {
	hosts   [2]*natlab.Host
	routers []*natlab.Router // all that are between them, each once
}

// Pairs returns the grid, row by row, and after it the special arrangements.
func Pairs() []Pair {
	var pairs []Pair
	for _, row := range Kinds {
		for _, column := range Kinds {
			pairs = append(pairs, gridPair(row, column))
		}
	}
	return append(pairs, specialPairs()...)
}

// PairName returns the name of a pair of the grid.
func PairName(row, column Kind) string { return row.Name + " × " + column.Name }

func gridPair(row, column Kind) Pair {
	return Pair{
		Name: PairName(row, column),
		Row:  row.Name, Column: column.Name,
		Bar:   barOf(row, column),
		place: between(row, column),
	}
}

// between puts two peers into networks of their own.
func between(row, column Kind) func(ground) (places, error) {
	return func(g ground) (p places, err error) {
		for i, kind := range [...]Kind{row, column} {
			name := g.hostName(i)
			if kind.nat == nil {
				p.hosts[i] = g.lab.PublicHost(name, homeLink)
				continue
			}
			home := g.lab.Home(name+"-home", kind.nat, homeLink, kind.options...)
			p.hosts[i] = home.Host(name)
			p.routers = append(p.routers, home.Router)
		}
		return p, nil
	}
}

// hostName is also the peer's name. Side 0 is the sender.
func (g ground) hostName(side int) string {
	return fmt.Sprintf("%s-%d", [...]string{"alice", "bob"}[side], g.number)
}

// flows is how many flows all routers have opened until now.
func (p places) flows() (opened int) {
	for _, router := range p.routers {
		opened += router.Flows().Opened
	}
	return opened
}
