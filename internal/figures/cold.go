//go:build linux

package main

import "time"

// The first message between two peers that know each other from the roster only
// crosses two uplinks and the rendezvous', there and there again: 50 ms of wire.
const coldBound = 65 * time.Millisecond

// measureCold measures how long the first message takes, one way, to the
// recipient's disk.
func measureCold(b *bench) ([]row, error) {
	meetings, err := b.meet()
	if err != nil {
		return nil, err
	}
	var delivered, received sample
	for _, m := range meetings {
		delivered = append(delivered, m.delivered)
		received = append(received, m.received)
	}
	return []row{
		{
			figure:   "cold: first message, one way, to disk",
			measured: delivered.String(),
			bound:    "median ≤ 65 ms (wire 50)",
			met:      delivered.median() <= coldBound,
			others:   "Tailscale 290 ms, frp xtcp 2090 ms to the first echoed byte",
		},
		{figure: "  before the recipient's fsync", measured: received.String()},
	}, nil
}
