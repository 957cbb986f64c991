package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"peerd/internal/version"
)

// versionRow is a release in JSON.
type versionRow struct {
	V int `json:"v"`
	version.Release
}

func newVersion(io stdio) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "version",
		Short: "Say which release of rendezvous this is",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			running := version.Running()
			if asJSON {
				return printJSON(io, versionRow{V: 1, Release: running})
			}
			_, err := fmt.Fprintf(io.out, "rendezvous %s (%s)\n", running.Version, running.Go)
			return err
		},
	}
	addJSON(command, &asJSON)
	return command
}
