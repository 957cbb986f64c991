package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"peerd/internal/exitcode"
	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

func TestAResultThatCannotBeWrittenIsNoReasonToWaitForTheDaemon(t *testing.T) {
	client := api.NewClient(apitest.Serve(t, apitest.Circle()))
	defer client.Close()
	a := app{stdio: stdio{err: io.Discard}, text: &english, timeout: hangGuard}
	full := errors.New("no space left on device")
	sessions := 0
	err := a.attend(t.Context(), client, nil, func(context.Context, *api.Events) error {
		if sessions++; sessions > 1 {
			return errEnough
		}
		return written(full)
	})
	if !errors.Is(err, full) {
		t.Errorf("ended with %v after %d sessions", err, sessions)
	}
}

func TestADaemonThatGrantsNoEventsIsNotWaitedForLongerThanTheTimeout(t *testing.T) {
	dir, err := os.MkdirTemp("", "peerctl") // sockets may not have long paths
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket) // nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, line := range []string{"watch", "read --follow", "notify --no-desktop"} {
		ctx, cancel := context.WithTimeout(t.Context(), hangGuard)
		defer cancel()
		var out, said bytes.Buffer
		args := append([]string{"--socket", socket, "--lang", "en", "--timeout", "50ms"}, strings.Fields(line)...)
		code := run(ctx, args, stdio{strings.NewReader(""), &out, &said})
		if code != exitcode.DaemonUnreachable || !strings.Contains(said.String(), "the daemon has not answered within 50ms") {
			t.Errorf("%s: exit code %d, said %q", line, code, &said)
		}
	}
}
