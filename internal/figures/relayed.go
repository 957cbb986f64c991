//go:build linux

package main

import (
	"fmt"

	"peerd/rendezvous"
)

const relayedBound = 0.3

// measureRelayed measures one stream through the rendezvous against one over a
// direct path. The rendezvous' quota is lifted for that; unless it is, what one
// key may have relayed bounds the figure.
func measureRelayed(b *bench) ([]row, error) {
	t, err := b.fillStreams()
	if err != nil {
		return nil, err
	}
	share := ratio(t.relayed, t.direct)
	return []row{
		{
			figure:   "relayed: stream through the rendezvous against direct",
			measured: fmt.Sprintf("%.2f of direct", share),
			bound:    "≥ 0.30",
			met:      share >= relayedBound,
			others:   "Tailscale DERP 173 Mbit/s, frp stcp 1430–1480",
		},
		{figure: "  relayed, quota lifted by --relay-rate", measured: rates(t.relayed)},
		{figure: "  the default quota of one key", measured: fmt.Sprintf("%d Mbit/s", rendezvous.DefaultRelayRate*8/1_000_000)},
	}, nil
}
