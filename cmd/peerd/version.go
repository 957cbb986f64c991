package main

import (
	"encoding/json"
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
		Short: "Say which release of peerd this is",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			running := version.Running()
			if asJSON {
				return json.NewEncoder(io.out).Encode(versionRow{V: 1, Release: running})
			}
			_, err := fmt.Fprintf(io.out, "peerd %s (%s)\n", running.Version, running.Go)
			return err
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}
