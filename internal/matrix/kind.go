//go:build linux

package matrix

import (
	"time"

	"peerd/internal/natlab"
	"peerd/internal/natlab/nat"
)

// A Kind is a kind of network that a peer may be in.
type Kind struct {
	Name  string
	Words string // what it is in the words of RFC 4787
	class class
	// randomTCP is set where TCP mappings cannot be predicted either.
	randomTCP bool
	nat       natlab.NAT // nil: a public host
	options   []natlab.Option
}

// A class is what the promises distinguish; bars.go holds them.
type class int

const (
	easy       class = iota // EIM or no NAT, whatever its filtering
	wary                    // easy, unless a packet comes that was not expected
	sequential              // APDM whose next port follows from the last
	random                  // ADM or APDM with random ports
	block1024               // random within 1,024 ports
	block512                // random within 512 ports
	noUDP
	public // no NAT at all: easy, and what makes symmetric NATs easy
)

// Outside ports of routers that have a block of them.
const (
	blockFirst = 20_000
	size1024   = 1024
	size512    = 512
)

// banned is for how long a strike router drops everything from a source that
// it did not expect.
const banned = 30 * time.Second

// The kinds that special arrangements are made of as well.
var (
	masquerade = Kind{Name: "masquerade", Words: "Linux router: EIM/APDF, preserving", class: easy,
		nat: natlab.Masquerade}
	inputAccept = Kind{Name: "input-accept", Words: "Linux router whose own input is open: EIM/APDF until a conntrack clash",
		class: wary, nat: natlab.InputAccept}
	strike = Kind{Name: "strike", Words: "EIM/APDF, preserving; drops for 30 s everything from a source it did not expect",
		class: wary, nat: natlab.Userspace(nat.Behaviour{Filtering: nat.APDF, Strike: banned})}
	seqLinux = Kind{Name: "seq-linux", Words: "Linux router, sequential: APDM/APDF", class: sequential,
		nat: natlab.Sequential}
	seq       = Kind{Name: "seq", Words: "APDM/APDF, sequential", class: sequential, nat: userspace(nat.APDM, nat.Sequential)}
	randLinux = Kind{Name: "rand-linux", Words: "Linux router, fully random: APDM/APDF", class: random,
		nat: natlab.FullyRandom}
)

// Kinds are the rows and columns of the matrix.
var Kinds = []Kind{
	masquerade,
	{Name: "eif", Words: "EIM/EIF, preserving (full cone)", class: easy,
		nat: natlab.Userspace(nat.Behaviour{Filtering: nat.EIF})},
	{Name: "adf", Words: "EIM/ADF, preserving", class: easy,
		nat: natlab.Userspace(nat.Behaviour{Filtering: nat.ADF})},
	{Name: "apdf", Words: "EIM/APDF, preserving", class: easy,
		nat: natlab.Userspace(nat.Behaviour{Filtering: nat.APDF})},
	{Name: "eim-block", Words: "EIM/APDF, random in a block of 1,024 ports (carrier)", class: easy,
		nat: userspace(nat.EIM, nat.Random), options: block(size1024)},
	inputAccept,
	strike,
	seqLinux,
	seq,
	randLinux,
	{Name: "rand", Words: "APDM/APDF, random", class: random, randomTCP: true, nat: userspace(nat.APDM, nat.Random)},
	{Name: "adm", Words: "ADM/APDF, random", class: random, randomTCP: true, nat: userspace(nat.ADM, nat.Random)},
	{Name: "block-1024", Words: "APDM/APDF, random in a block of 1,024 ports", class: block1024, randomTCP: true,
		nat: userspace(nat.APDM, nat.Random), options: block(size1024)},
	{Name: "block-512", Words: "APDM/APDF, random in a block of 512 ports", class: block512, randomTCP: true,
		nat: userspace(nat.APDM, nat.Random), options: block(size512)},
	{Name: "no-udp", Words: "UDP dropped; TCP as behind masquerade", class: noUDP, nat: natlab.UDPBlocked},
	{Name: "public", Words: "public address, no NAT", class: public},
}

// userspace is a router that filters by port, as nearly all do.
func userspace(mapping nat.Mapping, allocation nat.Allocation) natlab.NAT {
	return natlab.Userspace(nat.Behaviour{Mapping: mapping, Filtering: nat.APDF, Allocation: allocation})
}

func block(ports uint16) []natlab.Option {
	return []natlab.Option{natlab.PortBlock(blockFirst, blockFirst+ports-1)}
}

// is reports whether the kind is of one of the classes.
func (k Kind) is(classes ...class) bool {
	for _, c := range classes {
		if k.class == c {
			return true
		}
	}
	return false
}
