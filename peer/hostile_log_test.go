package peer

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"peerd/internal/eventlog"
	"peerd/peer/api"
	"peerd/roster"
	"peerd/wire"
)

// forgedRecord is what a peer would like to have in our log.
const forgedRecord = "Marker\x1b[2J\u009b2J\u202e\x7f\"}\n{\"level\":\"info\",\"message\":\"login\"}\n2026-11-21 08:00 INF login"

// TestT20WhatAPeerSaysIsOneRecord has a member put a record of its own into whatever it
// says to us: messages, names of files, and why it ends a connection.
func TestT20WhatAPeerSaysIsOneRecord(t *testing.T) {
	c := newCircle(t)
	log := new(lockedBuffer)
	logger, err := eventlog.New(log, "debug", true)
	if err != nil {
		t.Fatal(err)
	}
	alice, err := Start(Config{StateDir: t.TempDir(), Listen: "127.0.0.1:0", Name: "alice", Invite: &c.invite, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	defer alice.Close()
	mallory := c.join("mallory")
	c.knows(mallory, "alice")
	c.knows(alice, "mallory")

	c.send(mallory, "alice", forgedRecord)
	path := c.write("f", []byte("x"))
	offered := c.forgeOffer(mallory, alice, forgedRecord, path, c.manifestOf(path))
	c.awaitTransfer(alice, offered, api.TransferOffered)
	c.policy(alice, "mallory", api.PolicyAuto)
	c.awaitTransfer(alice, c.forgeOffer(mallory, alice, forgedRecord+"2", path, c.manifestOf(path)), api.TransferDone)

	for _, bulk := range []bool{true, false} {
		session, err := mallory.connectedSession(c.guard(), alice.Key())
		if err != nil {
			t.Fatal(err)
		}
		connection := session.currentConnection()
		if bulk {
			if connection, err = session.dialBulk(c.guard()); err != nil {
				t.Fatal(err)
			}
			if stream, err := openFetch(c.guard(), connection, wire.FileFetch{Manifest: true}); err == nil {
				stream.Close()
			}
		}
		connection.CloseWithError(7, forgedRecord)
	}
	c.await("the reason is logged", func() bool {
		log.mu.Lock()
		defer log.mu.Unlock()
		return strings.Contains(log.text.String(), "Marker")
	})
	alice.Close()

	for line := range strings.Lines(log.text.String()) {
		var event map[string]any
		if err := json.Unmarshal([]byte(line), &event); err != nil || event["message"] == "login" {
			t.Errorf("a forged record: %q (%v)", line, err)
		}
		if i := strings.IndexFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool {
			return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
		}); i >= 0 {
			t.Errorf("byte %d of %q acts on a terminal", i, line)
		}
	}
}

// TestT20LiesDoNotFillTheLog has a rendezvous gone bad say a thousand times what is worth
// a warning.
func TestT20LiesDoNotFillTheLog(t *testing.T) {
	c := newCircle(t)
	log := new(lockedBuffer)
	logger, err := eventlog.New(log, "warn", true)
	if err != nil {
		t.Fatal(err)
	}
	alice, err := Start(Config{StateDir: t.TempDir(), Listen: "127.0.0.1:0", Name: "alice", Invite: &c.invite, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	defer alice.Close()
	c.loggedIn(alice) // an honest roster that came later would undo the lies
	const times = 1000
	forged := make([]roster.Change, times)
	for i := range forged {
		forged[i] = roster.Change{Kind: roster.Changed, Row: wire.Row{Key: wire.Key{1}, Name: "bob", Prekey: wire.SignedPrekey{ID: uint64(i + 1)}}}
	}
	alice.saveRoster(forged)
	point := wire.Key{2} // is no key of anybody's
	c.changeRow(alice, wire.Row{Key: point, Name: "eve", Online: true})
	instance := wire.Instance{3}
	for range times {
		alice.introduced(wire.Introduction{
			Session: wire.DeriveSessionID(alice.Key(), alice.instance, point, instance), Peer: point, Instance: instance,
		})
	}
	if _, err := alice.AddContact(t.Context(), api.AddRequest{Peer: point.String()}); err != nil {
		t.Fatal(err)
	}
	const impostors = 30
	for range impostors { // a key comes and goes under the name of a contact
		c.changeRow(alice, wire.Row{Key: wire.Key{4}, Name: "eve"}, point)
		c.changeRow(alice, wire.Row{Key: wire.Key{4}, Name: "nobody"})
	}
	alice.Close()
	if lines := strings.Count(log.text.String(), "\n"); lines == 0 || lines > times/10 {
		t.Errorf("%d lines in the log", lines)
	}
	if lines := strings.Count(log.text.String(), "another key"); lines == 0 || lines == impostors {
		t.Errorf("%d lines in the log about a key under the name of a contact", lines)
	}
}
