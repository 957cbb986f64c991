//go:build linux

package endtoend

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
	"peerd/peer/api"
)

// talker sends numbered messages to a peer, ten a second, until it is stopped,
// and notes how the path to it changes meanwhile.
type talker struct {
	from, to *stage.Peer
	already  []string // received by to before the first
	sent     int      // when stopped
	stop     context.CancelFunc
	done     sync.WaitGroup

	mu      sync.Mutex
	changes []api.PathChange
}

func startTalking(t *testing.T, from, to *stage.Peer) *talker {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	talk := &talker{from: from, to: to, already: texts(t, to, from.Name), stop: cancel}
	client := from.Client()
	events, err := client.Events(ctx, api.TypePath)
	if err != nil {
		t.Fatalf("watch the paths of %s: %v", from.Name, err)
	}
	talk.done.Go(func() { talk.watch(events) })
	talk.done.Go(func() { talk.speak(ctx, t, client) })
	t.Cleanup(func() {
		cancel()
		talk.done.Wait()
		client.Close()
	})
	return talk
}

func (k *talker) watch(events *api.Events) {
	defer events.Close()
	for event, err := range events.All() {
		if err != nil {
			return // stopped
		}
		if change, ok := event.(api.PathChange); ok {
			k.mu.Lock()
			k.changes = append(k.changes, change)
			k.mu.Unlock()
		}
	}
}

func (k *talker) speak(ctx context.Context, t *testing.T, client *api.Client) {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		// A message that is begun is sent, so that it is known what was.
		if _, err := client.Send(t.Context(), api.SendRequest{To: k.to.Name, Text: strconv.Itoa(k.sent)}); err != nil {
			t.Errorf("%s sends: %v", k.from.Name, err)
			return
		}
		k.sent++
	}
}

// finish stops the talker and checks that everything arrives once, in order.
func (k *talker) finish(t *testing.T) {
	t.Helper()
	k.stop()
	k.done.Wait()
	want := slices.Clone(k.already)
	for i := range k.sent {
		want = append(want, strconv.Itoa(i))
	}
	eventually(t, "everything from "+k.from.Name+" arrives", func() bool {
		return len(texts(t, k.to, k.from.Name)) >= len(want)
	})
	if got := texts(t, k.to, k.from.Name); !slices.Equal(got, want) {
		t.Errorf("%d messages from %s are not the %d sent: %q", len(got), k.from.Name, len(want), got)
	}
}

// texts are the messages that a peer has received from another, in order.
func texts(t *testing.T, p *stage.Peer, from string) []string {
	t.Helper()
	client := p.Client()
	defer client.Close()
	messages, err := client.Read(t.Context(), api.ReadRequest{From: from})
	if err != nil {
		t.Fatalf("%s reads: %v", p.Name, err)
	}
	var all []string
	for _, m := range messages {
		all = append(all, m.Text)
	}
	return all
}

// steady checks that the path changed at most once in ten seconds.
func (k *talker) steady(t *testing.T) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := 1; i < len(k.changes); i++ {
		before, now := k.changes[i-1], k.changes[i]
		if apart := now.At.Sub(before.At.Time); apart < 10*time.Second {
			t.Errorf("%s: %s %v and %s %v, %v apart", k.from.Name, before.Path, before.Endpoint, now.Path, now.Endpoint, apart)
		}
	}
}

// ways are what the path has become, in order.
func (k *talker) ways() []api.Path {
	k.mu.Lock()
	defer k.mu.Unlock()
	var ways []api.Path
	for _, change := range k.changes {
		ways = append(ways, change.Path)
	}
	return ways
}

// TestLossyPathLosesToTheRelay proves that a direct path which loses a fifth of
// its packets is left for a relay which loses none, is said to be the reason, and
// is taken again when it has healed; and that nothing is lost or repeated.
func TestLossyPathLosesToTheRelay(t *testing.T) {
	t.Parallel()
	lab, _, h := directPair(t, natlab.Masquerade, natlab.Masquerade)
	talkers := []*talker{startTalking(t, h.alice, h.bob), startTalking(t, h.bob, h.alice)}
	await := func(wanted string) {
		start := time.Now()
		for _, k := range talkers {
			eventually(t, k.from.Name+"'s path is "+wanted, func() bool {
				return path(t, k.from, k.to.Name).Text("path") == wanted
			})
			t.Logf("%s: %s after %v", k.from.Name, wanted, time.Since(start).Round(10*time.Millisecond))
		}
	}
	lab.SetTransit(h.aliceHome.Node, h.bobHome.Node, natlab.Transit{Loss: 0.22})
	await("relay")
	for _, k := range talkers {
		rows, _, err := k.from.Rows("why", k.to.Name)
		if err != nil {
			t.Fatal(err)
		}
		wantWhy(t, lastRow(t, rows), "lossy", "nothing")
	}
	lab.SetTransit(h.aliceHome.Node, h.bobHome.Node, natlab.Transit{})
	await("direct")
	for _, k := range talkers {
		k.finish(t)
		k.steady(t)
	}
}
