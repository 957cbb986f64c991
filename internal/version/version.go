// Package version tells which release of a program runs. It serves the three
// programs; what it says was written into the binary by go build, so that nothing
// has to be kept in step by hand.
package version

import (
	"runtime"
	"runtime/debug"
)

// A Release is which sources, and which Go, a program was made from.
type Release struct {
	// Version is the release's tag, or the time and id of a commit, with +dirty if
	// there were changes. (devel) is a build outside git, or told not to ask git.
	Version string `json:"version"`
	Go      string `json:"go"` // whoever rebuilds the program needs the same one
}

// Running returns the release of the program that asks.
func Running() Release {
	r := Release{Version: "unknown", Go: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		r.Version = info.Main.Version
	}
	return r
}
