package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"peerd/internal/invite"
	"peerd/peer"
)

// Who sees that the daemon is online, and ends it at once, finds it said.
func TestLoginIsAnnouncedHoweverSoonTheDaemonEnds(t *testing.T) {
	given, err := invite.Parse(serveCircle(t))
	if err != nil {
		t.Fatal(err)
	}
	d, err := peer.Start(peer.Config{
		StateDir: filepath.Join(t.TempDir(), "state"), Listen: "127.0.0.1:0", Name: "alice", Invite: &given, Logger: zerolog.Nop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	guarded, cancel := context.WithTimeout(t.Context(), hangGuard)
	defer cancel()
	if err := d.AwaitOnline(guarded); err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	for want, announce := range map[string]func(context.Context, *peer.Daemon, stdio) error{"ready": announceReady, "online": announceOnline} {
		var out, errs bytes.Buffer
		err := announce(ended, d, stdio{in: strings.NewReader(""), out: &out, err: &errs})
		if said := out.String() + errs.String(); err != nil || said != want+"\n" {
			t.Errorf("said %q, %v; want %s", said, err, want)
		}
	}
}
