package main

import (
	"bytes"
	"strings"
	"testing"

	"peerd/internal/exitcode"
	"peerd/peer/api"
)

// watched shows a transfer that pauses, and returns what has been written.
func watched(t *testing.T, json bool) (out, err string) {
	t.Helper()
	var results, talk bytes.Buffer
	a := &app{stdio: stdio{in: strings.NewReader(""), out: &results, err: &talk}, text: &english, json: json}
	row := api.Transfer{ID: "1", Name: "a\x1b.zip", Peer: "bob", Size: 200, State: api.TransferAccepted}
	view := a.newTransferView([]api.Transfer{row}, goalDone)
	for _, change := range []struct {
		state  api.TransferState
		reason api.TransferReason
		moved  int64
		news   bool
	}{
		{api.TransferAccepted, "", 0, false},
		{api.TransferRunning, "", 50, true},
		{api.TransferRunning, "", 100, true},
		{api.TransferRunning, "", 100, false},
		{api.TransferPaused, api.ReasonNoSpace, 100, true},
		{api.TransferDone, "", 200, true},
	} {
		row.State, row.Reason, row.Moved = change.state, change.reason, change.moved
		if changed, err := view.update(row); err != nil || changed != change.news {
			t.Errorf("%s %d: changed %v (%v), want %v", row.State, row.Moved, changed, err, change.news)
		}
	}
	if changed, err := view.update(api.Transfer{ID: "2", State: api.TransferDone}); changed || err != nil {
		t.Errorf("another transfer: changed %v, %v", changed, err)
	}
	if !view.reached() {
		t.Error("done is not done")
	}
	view.close()
	return results.String(), talk.String()
}

func TestTransferWithoutATerminalIsALineForEachState(t *testing.T) {
	out, talk := watched(t, false)
	want := "a\\x1b.zip: running 25%\na\\x1b.zip: paused 50%: the disk is full up to its reserve\n"
	if out != "" || talk != want {
		t.Errorf("results %q, talk %q, want %q", out, talk, want)
	}
}

func TestTransferAsJSONIsARowForEachChange(t *testing.T) {
	out, talk := watched(t, true)
	if lines := strings.Count(out, "\n"); lines != 3 || talk != "" || !strings.Contains(out, `"state":"paused","reason":"no_space","moved":100`) {
		t.Errorf("%d results %s, talk %q", lines, out, talk)
	}
}

func TestOutcomeOfATransfer(t *testing.T) {
	for state, want := range map[api.TransferState]int{
		api.TransferDone: exitcode.OK, api.TransferDeclined: exitcode.Declined, api.TransferFailed: exitcode.Other,
		api.TransferCancelled: exitcode.Other, api.TransferQueued: exitcode.NotReached, api.TransferRunning: exitcode.NotReached,
	} {
		var results bytes.Buffer
		a := &app{stdio: stdio{out: &results}, text: &english}
		err := a.showOutcome(api.Transfer{Name: "a", Peer: "bob", State: state}, goalDone)
		if got := exitcode.Of(err); got != want || results.Len() == 0 {
			t.Errorf("%s: exit code %d (%v), want %d; shown %q", state, got, err, want, results.String())
		}
	}
}

func TestByteCount(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 2_500_000: "2.5 MB", 1 << 40: "1.1 TB", 3e15: "3.0 PB"} {
		if got := byteCount(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
