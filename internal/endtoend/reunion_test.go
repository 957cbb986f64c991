//go:build linux

package endtoend

import (
	"context"
	"slices"
	"testing"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
	"peerd/peer/api"
)

// TestPairWithoutTheRendezvous proves that two peers need nobody once they have
// met: their conversation goes on when the rendezvous dies, they meet again by
// themselves after both routers have forgotten them, and the rendezvous finds
// them in the session they had when it is back.
func TestPairWithoutTheRendezvous(t *testing.T) {
	t.Parallel()
	lab, s := newStage(t)
	homes := []*natlab.Home{lab.Home("alice-home", natlab.Masquerade, homeLink), lab.Home("bob-home", natlab.Masquerade, homeLink)}
	alice, bob := joinLogging(t, s, homes[0].Host("alice"), "alice"), joinLogging(t, s, homes[1].Host("bob"), "bob")
	meet(t, alice, bob)
	send(t, alice, "bob", "hello")
	ways := [][2]*stage.Peer{{alice, bob}, {bob, alice}}
	var talkers []*talker
	for _, way := range ways {
		awaitDirect(t, way[0], way[1].Name)
		talkers = append(talkers, startTalking(t, way[0], way[1]))
	}

	s.KillRendezvous()
	for _, way := range ways {
		eventually(t, way[0].Name+" has lost the rendezvous", func() bool { return rendezvousState(t, way[0]) != "online" })
		if !pongsWithin(t, patience, way[0], way[1].Name) {
			t.Errorf("%s gets no answer from %s without the rendezvous", way[0].Name, way[1].Name)
		}
	}

	for _, home := range homes {
		home.SetDown()
		home.FlushConntrack()
	}
	time.Sleep(45 * time.Second) // longer than a session lasts that has no connection and could have another
	for _, way := range ways {
		if got := path(t, way[0], way[1].Name).Text("path"); got != "none" {
			t.Errorf("%s's path is %q while nothing gets out, want none", way[0].Name, got)
		}
	}
	for _, home := range homes {
		home.SetUp()
	}
	start := time.Now()
	for _, way := range ways {
		directWithin(t, way[0], way[1].Name, 60*time.Second)
		t.Logf("%s: direct again after %v", way[0].Name, time.Since(start).Round(10*time.Millisecond))
	}

	if err := s.StartRendezvous(); err != nil {
		t.Fatal(err)
	}
	meet(t, alice, bob)
	for _, way := range ways {
		eventually(t, way[0].Name+" is back at the rendezvous", func() bool { return rendezvousState(t, way[0]) == "online" })
	}
	for _, k := range talkers {
		k.finish(t)
		if ways := k.ways(); !slices.Equal(ways, []api.Path{api.PathNone, api.PathDirect}) {
			t.Errorf("%s's path became %v, want none and direct", k.from.Name, ways)
		}
	}
	for _, way := range ways {
		if row := send(t, way[0], way[1].Name, "all as before"); row.Text("path") != "direct" {
			t.Errorf("%s's message took the path %q, want direct", way[0].Name, row.Text("path"))
		}
		if sessions := sessionsOf(t, way[0]); len(sessions) != 1 {
			t.Errorf("%s had the sessions %v, want one", way[0].Name, sessions)
		}
	}
}

// rendezvousState is whether a peer is logged in.
func rendezvousState(t *testing.T, p *stage.Peer) api.RendezvousState {
	t.Helper()
	client := p.Client()
	defer client.Close()
	status, err := client.Status(t.Context())
	if err != nil {
		t.Fatalf("ask %s for its status: %v", p.Name, err)
	}
	return status.Rendezvous.State
}

// directWithin waits until a peer sees a direct path to another.
func directWithin(t *testing.T, p *stage.Peer, to string, limit time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	client := p.Client()
	defer client.Close()
	if _, err := client.WaitDirect(ctx, to); err != nil {
		t.Fatalf("%s is not direct to %s within %v: %v", p.Name, to, limit, err)
	}
}

// joinLogging joins a peer that tells of its paths.
func joinLogging(t *testing.T, s *stage.Stage, host *natlab.Host, name string) *stage.Peer {
	t.Helper()
	p, err := s.Peer(host, name, "--log-level", "info")
	if err != nil {
		t.Fatalf("join %s: %v", name, err)
	}
	return p
}

// sessionsOf are the sessions whose paths have changed, as the daemon's log
// tells.
func sessionsOf(t *testing.T, p *stage.Peer) []string {
	t.Helper()
	rows, err := stage.ParseRows(p.Process().Stderr())
	if err != nil {
		t.Fatal(err)
	}
	var sessions []string
	for _, row := range rows {
		if session := row.Text("session"); session != "" && !slices.Contains(sessions, session) {
			sessions = append(sessions, session)
		}
	}
	return sessions
}
