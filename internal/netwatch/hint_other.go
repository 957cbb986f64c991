//go:build !linux

package netwatch

import (
	"context"

	"github.com/rs/zerolog"
)

// hint has the network looked at now and then.
func hint(ctx context.Context, _ zerolog.Logger, hints chan<- struct{}) { poll(ctx, hints) }
