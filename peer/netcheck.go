package peer

import (
	"context"
	"net/netip"

	"peerd/peer/api"
	"peerd/punch/natcheck"
)

// Netcheck observes the rendezvous and the NATs in front of us anew.
func (d *Daemon) Netcheck(ctx context.Context) (api.Netcheck, error) {
	d.mu.Lock()
	server := d.server
	d.mu.Unlock()
	result := natcheck.Silence()
	if server.IsValid() {
		ctx, cancel := context.WithTimeout(ctx, netcheckPatience)
		defer cancel()
		result = d.observeOnce(ctx, server)
	}
	nat, udp := d.natRow()
	row := api.Netcheck{
		UDP:         udp,
		NAT:         nat,
		Rendezvous:  d.rendezvousRow(udp),
		Step:        result.Step,
		Drift:       result.Drift,
		Hairpin:     result.Hairpin.String(),
		OwnHops:     []netip.Addr{},
		OpenerTTL:   result.OpenerTTL,
		NotMeasured: []api.NotMeasured{},
		Took:        api.Milliseconds(result.Took),
	}
	row.OwnHops = append(row.OwnHops, result.OwnHops...)
	if gap, missing := d.lifetimeGap(); missing {
		result.NotMeasured = append(result.NotMeasured, gap)
	}
	for _, gap := range result.NotMeasured {
		row.NotMeasured = append(row.NotMeasured, api.NotMeasured{Aspect: string(gap.Aspect), Reason: string(gap.Reason)})
	}
	return row, nil
}
