// Command peerd is the daemon behind each home router. See package peer.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// quic-go would complain to stderr about small receive buffers, on every
	// start; package punch/socket logs them.
	os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends what takes too long to end
	os.Exit(run(ctx, os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr}))
}
