//go:build linux

package matrix

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"peerd/internal/natlab"
	"peerd/internal/stage"
)

// oneIn is how many packets are sent from home to home for each that is lost.
const oneIn = 5

// lossy makes each home's router lose one in five of the packets that the other
// home's sends. What goes through the rendezvous arrives: it is about probes.
func lossy(p places, _ [2]*stage.Peer) error {
	return errors.Join(
		lose(p.routers[0], p.routers[1].Addr()),
		lose(p.routers[1], p.routers[0].Addr()),
	)
}

// lose has a router lose packets from an address, at random, as if they had not
// come:
//
//	table ip loss {
//	  chain arriving { type filter hook prerouting priority raw; ip saddr FROM numgen random mod 5 0 drop }
//	}
func lose(router *natlab.Router, from netip.Addr) error {
	const source, register = 12, 1 // offset of the source address in the IP header; any register
	err := router.Do(func() error {
		conn, err := nftables.New()
		if err != nil {
			return err
		}
		table := conn.AddTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: "loss"})
		chain := conn.AddChain(&nftables.Chain{
			Name: "arriving", Table: table, Type: nftables.ChainTypeFilter,
			Hooknum: nftables.ChainHookPrerouting, Priority: nftables.ChainPriorityRaw,
		})
		conn.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{
			&expr.Payload{DestRegister: register, Base: expr.PayloadBaseNetworkHeader, Offset: source, Len: 4},
			&expr.Cmp{Register: register, Data: from.AsSlice()},
			&expr.Numgen{Register: register, Type: unix.NFT_NG_RANDOM, Modulus: oneIn},
			&expr.Cmp{Register: register, Data: make([]byte, 4)},
			&expr.Verdict{Kind: expr.VerdictDrop},
		}})
		return conn.Flush()
	})
	if err != nil {
		return fmt.Errorf("%s: lose packets: %w", router.Name(), err)
	}
	return nil
}
