//go:build !linux

package main

import (
	"context"
	"fmt"
	"runtime"

	"peerd/internal/narrate"
)

func enterLab(func() int) (int, error) {
	return 0, fmt.Errorf("%w: it needs Linux, this is %s", errNoLab, runtime.GOOS)
}

func inLab(context.Context, string, *narrate.Narrator) error { return errNoLab }
