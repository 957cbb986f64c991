package peer

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"peerd/peer/api"
	"peerd/peer/backup"
	"peerd/wire"
)

// export returns the history of a daemon.
func export(t *testing.T, d *Daemon, peer string) []api.Exported {
	t.Helper()
	var rows []api.Exported
	for row, err := range d.Export(t.Context(), peer) {
		if err != nil {
			t.Fatal(err)
		}
		if err := row.Check(); err != nil {
			t.Errorf("an exported row is not one to import: %v", err)
		}
		rows = append(rows, row)
	}
	return rows
}

func importRows(t *testing.T, d *Daemon, request api.ImportRequest, want api.Imported) {
	t.Helper()
	got, err := d.Import(t.Context(), request)
	if got != want || err != nil {
		t.Errorf("imported %+v, %v; want %+v", got, err, want)
	}
}

// TestHistoryMovesToAnotherMachine exports a history with a message still queued
// to a daemon with the same key and an older state, as after a restore.
func TestHistoryMovesToAnotherMachine(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.knows(bob, "alice")
	var archive bytes.Buffer
	if err := alice.Backup(c.guard(), &archive); err != nil {
		t.Fatal(err)
	}
	c.send(alice, "bob", "hello")
	c.send(bob, "alice", "hi")
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "under way"}); err != nil {
		t.Fatal(err)
	}
	rows := export(t, alice, "bob")
	if err := alice.Close(); err != nil {
		t.Fatal(err)
	}

	dir := t.TempDir()
	if _, err := backup.Restore(t.Context(), &archive, dir, false, time.Now()); err != nil {
		t.Fatal(err)
	}
	again := c.joinAt("", dir)
	importRows(t, again, api.ImportRequest{Messages: rows}, api.Imported{Added: 3})
	importRows(t, again, api.ImportRequest{Messages: rows}, api.Imported{Known: 3})
	var states []api.State
	moved := export(t, again, "")
	for i, row := range moved {
		states = append(states, row.State)
		if row.Text != rows[i].Text || row.ID != rows[i].ID || !row.SentAt.Equal(rows[i].SentAt.Time) {
			t.Errorf("row %d is %+v, was %+v", i, row, rows[i])
		}
	}
	if want := []api.State{api.StateDelivered, api.StateUnread, api.StateImported}; !slices.Equal(states, want) {
		t.Errorf("states are %v, want %v", states, want)
	}
	if waiting := pending(t, again, bob.Key()); len(waiting) > 0 {
		t.Errorf("what was imported is going to be sent: %q", waiting)
	}
	importRows(t, again, api.ImportRequest{Messages: moved}, api.Imported{Known: 3})
}

func TestHistoryOfAnotherKeyIsTakenOnlyWhenAsked(t *testing.T) {
	c := newCircle(t)
	alice, bob, later := c.join("alice"), c.join("bob"), c.join("alice-new")
	c.knows(alice, "bob")
	c.knows(later, "bob")
	c.send(alice, "bob", "with my old key")
	c.send(later, "bob", "with my new key")
	rows := export(t, alice, "")
	_, err := later.Import(t.Context(), api.ImportRequest{Messages: rows})
	wantCode(t, err, api.CodeDenied)
	importRows(t, later, api.ImportRequest{Messages: rows, AnotherKey: true}, api.Imported{Added: 1})
	_, err = bob.Import(t.Context(), api.ImportRequest{Messages: rows, AnotherKey: true})
	wantCode(t, err, api.CodeUsage)
	if got := len(export(t, later, "bob")); got != 2 {
		t.Errorf("the new key has %d messages, want 2", got)
	}
}

func TestOneWrongRowImportsNone(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "hello")
	good := export(t, alice, "")[0]
	good.ID = "aaaaaaaaaaaaaaaaaaaaaaaama"
	wrong := good
	wrong.Peer = bob.Key().String()[:51] + "b"
	if _, err := alice.Import(t.Context(), api.ImportRequest{Messages: []api.Exported{good, wrong}}); err == nil {
		t.Error("a wrong row was imported")
	}
	if got := len(export(t, alice, "")); got != 1 {
		t.Errorf("there are %d messages, want the one that was there", got)
	}
}

func TestLongHistoryIsExportedInPages(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "hello")
	row := export(t, alice, bob.Key().String())[0]
	var rows []api.Exported
	for i := range 2*exportPage + 1 {
		row.Seq = uint64(i + 2)
		row.ID = wire.MessageID{1, byte(i >> 8), byte(i)}.String()
		rows = append(rows, row)
	}
	importRows(t, alice, api.ImportRequest{Messages: rows}, api.Imported{Added: len(rows)})
	if got := export(t, alice, ""); len(got) != len(rows)+1 || got[len(got)-1].ID != rows[len(rows)-1].ID {
		t.Errorf("exported %d rows, want %d", len(got), len(rows)+1)
	}
}
