package netwatch

import (
	"context"
	"os"
	"testing"
	"time"
)

func TestWhatChangedBeforeTheKernelWasAskedIsLookedAt(t *testing.T) {
	messages, kernel, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer kernel.Close() // it says nothing
	ctx, cancel := context.WithCancel(t.Context())
	hints, ended := make(chan struct{}, 1), make(chan error)
	go func() { ended <- forward(ctx, messages, hints) }()
	select {
	case <-hints:
	case <-time.After(10 * time.Second):
		t.Error("no hint: a change would go unnoticed until the next one")
	}
	cancel()
	<-ended
}
