package main

import (
	"github.com/spf13/cobra"

	"peerd/internal/version"
	"peerd/peer/api"
)

// release is which peerctl this is.
type release struct {
	V api.Version `json:"v"`
	version.Release
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show which release of peerctl this is",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			running := version.Running()
			if a.json {
				return a.row(release{Release: running})
			}
			return a.line("peerctl %s (%s)", running.Version, running.Go)
		},
	}
}
