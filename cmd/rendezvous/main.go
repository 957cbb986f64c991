// Command rendezvous is the coordinator on a public address. See package
// rendezvous.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends what takes too long to end
	os.Exit(run(ctx, os.Args[1:], stdio{os.Stdout, os.Stderr}))
}
