package apitest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"peerd/peer/api"
)

// Serve serves a daemon on a socket of its own until the test ends, and returns its path.
func Serve(t testing.TB, daemon api.Backend) (socket string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "peerd") // sockets may not have long paths
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket = filepath.Join(dir, "peerd.sock")
	l, err := api.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var server sync.WaitGroup
	server.Go(func() { api.Serve(ctx, l, daemon, zerolog.Nop()) })
	t.Cleanup(func() { cancel(); server.Wait() })
	return socket
}
