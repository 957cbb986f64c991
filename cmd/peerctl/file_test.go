package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"peerd/internal/exitcode"
	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

// undecided is a daemon that does not come to a decision about files.
type undecided struct {
	*apitest.Daemon
	asked chan struct{}
}

func (u undecided) DecideFile(ctx context.Context, _ api.FileDecision) (api.Transfer, error) {
	u.asked <- struct{}{}
	<-ctx.Done()
	return api.Transfer{}, ctx.Err()
}

func TestCtrlCDuringADecisionIsNoErrorOfTheFiles(t *testing.T) {
	daemon := undecided{apitest.Circle(), make(chan struct{}, 2)}
	socket := apitest.Serve(t, daemon)
	ctx, interrupt := context.WithTimeout(t.Context(), hangGuard)
	defer interrupt()
	go func() {
		<-daemon.asked
		interrupt()
	}()
	var out, said bytes.Buffer
	code := run(ctx, []string{"--socket", socket, "file", "decline", "one", "two"}, stdio{strings.NewReader(""), &out, &said})
	if code != exitcode.Interrupted || out.Len()+said.Len() > 0 {
		t.Errorf("exit code %d, said %q %q", code, &out, &said)
	}
}
