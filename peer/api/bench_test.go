package api_test

import (
	"testing"
	"time"

	"github.com/rs/zerolog"

	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

// BenchmarkSend measures what the local API adds to a message: two requests, to
// store it and to wait for its delivery.
func BenchmarkSend(b *testing.B) {
	socket := b.TempDir() + "/s"
	l, err := api.Listen(socket)
	if err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	served := make(chan error, 1)
	go func() { served <- api.Serve(ctx, l, apitest.Circle(), zerolog.Nop()) }()
	b.Cleanup(func() { <-served })
	client := api.NewClient(socket)
	b.Cleanup(client.Close)
	for b.Loop() {
		sent, err := client.Send(ctx, api.SendRequest{To: "bob", Text: "hello"})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := client.WaitMessage(ctx, sent.ID, api.StateDelivered, time.Minute); err != nil {
			b.Fatal(err)
		}
	}
}
