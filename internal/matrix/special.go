//go:build linux

package matrix

import (
	"fmt"

	"peerd/internal/natlab"
	"peerd/internal/natlab/miniupnpd"
	"peerd/internal/natlab/nat"
)

// otherFlows is how many flows per second the rest of a busy home opens.
const otherFlows = 20

// specialPairs are the arrangements that are no two networks side by side, and
// what has gone wrong before.
func specialPairs() []Pair {
	return []Pair{
		{Name: "same LAN", Bar: easyBar, place: sameLAN},
		{Name: "same subnet at both homes", Bar: easyBar, place: sameSubnet},
		{Name: "carrier with hairpin", Bar: easyBar, place: underCarrier(natlab.Hairpin())},
		{Name: "carrier without hairpin", Bar: relayedBar, place: underCarrier()},
		{Name: "seq-linux × seq-linux, busy", Bar: sequencesBar, place: busy(seqLinux, seqLinux)},
		{Name: "seq × seq, busy", Bar: sequencesBar, place: busy(seq, seq)},
		{Name: "seq × masquerade, busy", Bar: sequentialBar, place: busy(seq, masquerade)},
		{Name: "input-accept × masquerade, clashed", Bar: clashedBar,
			place: between(inputAccept, masquerade), prepare: strayFromRecipient},
		{Name: "masquerade × input-accept, clashed", Bar: clashedBar,
			place: between(masquerade, inputAccept), prepare: strayFromSender},
		{Name: "input-accept × input-accept, clashed", Bar: clashedBar,
			place: between(inputAccept, inputAccept), prepare: strayFromBoth},
		{Name: "strike × masquerade, banned", Bar: bannedBar,
			place: between(strike, masquerade), prepare: strayFromRecipient},
		{Name: "masquerade × strike, banned", Bar: bannedBar,
			place: between(masquerade, strike), prepare: strayFromSender},
		{Name: "masquerade × masquerade, 20 % lost", Bar: lossyBar,
			place: between(masquerade, masquerade), prepare: lossy},
		{Name: "rand-linux × rand-linux, IPv6", Bar: easyBar, place: between(randLinux, randLinux), ipv6: true},
		{Name: "rand-linux × rand-linux, sender's mapped", Bar: mappedBar, place: oneMaps(0)},
		{Name: "rand-linux × rand-linux, recipient's mapped", Bar: mappedBar, place: oneMaps(1)},
	}
}

// busy has the other machines of both homes use the internet as well.
func busy(row, column Kind) func(ground) (places, error) {
	return func(g ground) (places, error) {
		p, err := between(row, column)(g)
		for _, router := range p.routers {
			router.BackgroundTraffic(otherFlows)
		}
		return p, err
	}
}

func sameLAN(g ground) (p places, err error) {
	home := g.lab.Home(g.hostName(0)+"-home", natlab.Masquerade, homeLink)
	for i := range p.hosts {
		p.hosts[i] = home.Host(g.hostName(i))
	}
	p.routers = []*natlab.Router{home.Router}
	return p, nil
}

// sameSubnet gives two homes the same private addresses. The recipient's is
// also that of a machine in the sender's home.
func sameSubnet(g ground) (p places, err error) {
	subnet := natlab.Subnet("192.168.1.0/24")
	alices := g.lab.Home(g.hostName(0)+"-home", natlab.Masquerade, homeLink, subnet)
	bobs := g.lab.Home(g.hostName(1)+"-home", natlab.Masquerade, homeLink, subnet)
	p.hosts[0] = alices.Host(g.hostName(0))
	alices.Host("stranger")
	bobs.Host("somebody")
	p.hosts[1] = bobs.Host(g.hostName(1))
	p.routers = []*natlab.Router{alices.Router, bobs.Router}
	return p, nil
}

// underCarrier puts two homes behind one carrier, whose NAT is what RFC 6888
// asks for except that it filters by port.
func underCarrier(options ...natlab.Option) func(ground) (places, error) {
	return func(g ground) (p places, err error) {
		carrier := g.lab.CarrierNAT(g.hostName(0)+"-carrier", userspace(nat.EIM, nat.Random), natlab.Link{}, options...)
		p.routers = []*natlab.Router{carrier.Router}
		for i := range p.hosts {
			home := carrier.Home(g.hostName(i)+"-home", natlab.Masquerade, homeLink)
			p.hosts[i] = home.Host(g.hostName(i))
			p.routers = append(p.routers, home.Router)
		}
		return p, nil
	}
}

// oneMaps is two fully random routers of which that of one side, 0 for the
// sender's, makes port mappings.
func oneMaps(side int) func(ground) (places, error) {
	return func(g ground) (p places, err error) {
		for i := range p.hosts {
			// The program on the router refuses the documentation ranges.
			outside := natlab.Outside(fmt.Sprintf("1.2.%d.%d", g.number, i+1))
			home := g.lab.Home(g.hostName(i)+"-home", natlab.FullyRandom, homeLink, outside)
			p.hosts[i] = home.Host(g.hostName(i))
			p.routers = append(p.routers, home.Router)
			if i != side {
				continue
			}
			if _, err := miniupnpd.Run(home, home.Addr(), g.dir); err != nil {
				return p, err
			}
		}
		return p, nil
	}
}
