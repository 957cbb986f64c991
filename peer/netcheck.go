package peer

import (
	"context"

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
		OwnHops:     hopRows(result.OwnHops),
		OpenerTTL:   result.OpenerTTL,
		NotMeasured: []api.NotMeasured{},
		Took:        api.Milliseconds(result.Took),
	}
	if gap, missing := d.lifetimeGap(); missing {
		result.NotMeasured = append(result.NotMeasured, gap)
	}
	for _, gap := range result.NotMeasured {
		row.NotMeasured = append(row.NotMeasured, api.NotMeasured{Aspect: string(gap.Aspect), Reason: string(gap.Reason)})
	}
	return row, nil
}

func hopRows(hops []natcheck.Hop) []api.Hop {
	rows := []api.Hop{}
	for _, hop := range hops {
		row := api.Hop{Address: hop.Router, PortMapping: []string{}, Outside: hop.Service.External}
		for _, protocol := range hop.Service.Protocols {
			row.PortMapping = append(row.PortMapping, string(protocol))
		}
		rows = append(rows, row)
	}
	return rows
}
