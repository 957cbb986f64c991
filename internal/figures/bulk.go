//go:build linux

package main

import "fmt"

const bulkBound = 0.9

// measureBulk measures one stream over a direct path against quic-go alone
// between the same two hosts.
func measureBulk(b *bench) ([]row, error) {
	t, err := b.fillStreams()
	if err != nil {
		return nil, err
	}
	share := ratio(t.direct, t.raw)
	return []row{
		{
			figure:   "bulk: direct stream against raw quic-go",
			measured: fmt.Sprintf("%.2f of raw", share),
			bound:    "≥ 0.90",
			met:      share >= bulkBound,
			others:   "Tailscale (tsnet) 1070 Mbit/s, frp 1300–1530",
		},
		{figure: "  direct", measured: rates(t.direct)},
		{figure: "  raw quic-go, same hosts and windows", measured: rates(t.raw)},
	}, nil
}
