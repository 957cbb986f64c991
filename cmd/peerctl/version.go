package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"peerd/peer/api"
)

// release is which peerctl this is.
type release struct {
	V       api.Version `json:"v"`
	Version string      `json:"version"`
	Go      string      `json:"go"`
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show which release of peerctl this is",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			r := release{Version: "unknown", Go: runtime.Version()}
			if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
				r.Version = info.Main.Version
			}
			if a.json {
				return a.row(r)
			}
			return a.line("peerctl %s (%s)", r.Version, r.Go)
		},
	}
}
