//go:build !linux

package main

import "github.com/rogpeppe/go-internal/testscript"

// unprivileged is like exits: tests do not run as root on these systems.
func unprivileged(ts *testscript.TestScript, negated bool, args []string) { exits(ts, negated, args) }
