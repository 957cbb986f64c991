package natcheck

import (
	"net/netip"
	"sync"
	"time"

	"peerd/internal/addressscope"
	"peerd/internal/portmap"
)

// servicePatience is how long a router of ours may take to say what port mapping
// it offers: it is near.
const servicePatience = 300 * time.Millisecond

// A Hop is a router on our side.
type Hop struct {
	// Router is its address on our side; the zero Addr: it does not say who it is.
	Router netip.Addr
	// Service is what it says about port mapping, when asked by PCP and NAT-PMP.
	Service portmap.Service
}

// askRouters asks every private router of ours, the carrier's too, what port
// mapping it offers. Public ones are none of our business.
func (m *measurement) askRouters() {
	m.services = make([]portmap.Service, len(m.ownRouters()))
	var all sync.WaitGroup
	for i, router := range m.ownRouters() {
		if addressscope.Of(router) != addressscope.Private {
			continue
		}
		all.Go(func() {
			s, err := openSpare(m.ctx, m.config)
			if err != nil {
				return
			}
			defer s.close()
			m.services[i] = portmap.Ask(s.conn, router, time.Now().Add(servicePatience))
		})
	}
	all.Wait()
}

// ownRouters are those up to the last one on our side.
func (m *measurement) ownRouters() []netip.Addr {
	if !m.swept.Answered() {
		return nil
	}
	return m.swept.Routers[:m.swept.OwnHops(m.config.Accept.Observed.Addr(), m.views.Mapping())]
}

// ownHops are the same with what they say.
func (m *measurement) ownHops() (hops []Hop) {
	for i, router := range m.ownRouters() {
		hop := Hop{Router: router}
		if m.services != nil {
			hop.Service = m.services[i]
		}
		hops = append(hops, hop)
	}
	return hops
}
