//go:build linux

package main

import "time"

const (
	directMedianBound = 200 * time.Millisecond
	directWorstBound  = 300 * time.Millisecond
)

// measureDirect measures how long it takes from the first message on until both
// peers have a proven direct path, through two masquerading routers.
func measureDirect(b *bench) ([]row, error) {
	meetings, err := b.meet()
	if err != nil {
		return nil, err
	}
	var direct sample
	for _, m := range meetings {
		direct = append(direct, m.direct)
	}
	return []row{{
		figure:   "direct: path proven on both sides",
		measured: direct.String(),
		bound:    "median ≤ 200 ms, worst ≤ 300 ms",
		met:      direct.median() <= directMedianBound && direct.worst() <= directWorstBound,
		others:   "Tailscale 196 or 5113 ms, libp2p 710 ms, frp 2090 ms",
	}}, nil
}
