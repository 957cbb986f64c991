package rendezvous

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"peerd/roster"
	"peerd/wire"
)

// Whoever comes without a roster gets the current one, however many changes the
// encoded one is behind; and it is not encoded anew for each of them.
func TestNewcomersShareAnEncodedRosterAndMissNothing(t *testing.T) {
	h := newHub(Config{}, newCookies(), newRelayTable(), new(counters), nil)
	const newcomers = 3 * wholeRosterLag
	encoded := 0
	for i := range newcomers {
		key := wire.Key{byte(i), byte(i >> 8), 1}
		h.table.Put(wire.Row{Key: key, Name: key.String(), Online: true})
		if i%3 == 0 {
			h.table.Remove(wire.Key{byte(i / 2), byte(i / 2 >> 8), 1})
		}
		before := h.whole.version
		own := new(roster.Copy)
		for _, frames := range h.rosterFor(0, 0) {
			apply(t, own, frames)
		}
		if h.whole.version != before {
			encoded++
		}
		if own.Version() != h.table.Version() {
			t.Fatalf("newcomer %d holds version %d of %d", i, own.Version(), h.table.Version())
		}
		for row := range h.table.All() {
			if got, ok := own.Row(row.Key); !ok || got.Name != row.Name {
				t.Errorf("newcomer %d holds %+v of %+v", i, got, row)
			}
		}
	}
	if encoded == 0 || encoded > newcomers/16 {
		t.Errorf("the roster was encoded %d times for %d newcomers", encoded, newcomers)
	}
}

// A circle can be as large as circles may be, and its members' names as long, and
// whoever logs in is not taken for a slow reader because of it.
func TestTheLargestRosterIsNotTooMuchToSend(t *testing.T) {
	h := newHub(Config{}, newCookies(), newRelayTable(), new(counters), nil)
	for i := range wire.MaxRows {
		row := wire.Row{Key: wire.Key{1, byte(i)}, Name: strings.Repeat("𒀀", 32), Online: true, Since: time.Now()}
		row.Prekey = wire.SignedPrekey{ID: 1 << 63, Public: [32]byte{1}, Signature: [64]byte{1}}
		h.table.Put(row)
	}
	frames := h.rosterFor(0, 0)
	if whole := len(frames[0]) * roster.MaxMembers / wire.MaxRows; whole > maxBacklog {
		t.Errorf("a roster of %d members has %d bytes, but only %d may wait", roster.MaxMembers, whole, maxBacklog)
	}
}

// apply takes frames of snapshots and deltas.
func apply(t *testing.T, to *roster.Copy, frames []byte) {
	t.Helper()
	for r := bytes.NewReader(frames); r.Len() > 0; {
		kind, body, err := wire.ReadFrame(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		m, err := wire.Parse(kind, body)
		if err != nil {
			t.Fatal(err)
		}
		switch m := m.(type) {
		case wire.Snapshot:
			_, err = to.ApplySnapshot(m)
		case wire.Delta:
			_, err = to.ApplyDelta(m)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
