package store

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"peerd/wire"
)

func prekey(id uint64) wire.SignedPrekey {
	return wire.SignedPrekey{ID: id, Public: [32]byte{byte(id), 1}, Signature: [64]byte{byte(id), 2}}
}

func TestFirstContactPinsTheKeyToTheName(t *testing.T) {
	s := openTest(t)
	want := Contact{Key: bob, Name: "bob", PinnedAt: noon, Prekey: prekey(1<<63 + 5), LastSeen: noon.Add(time.Hour)}
	check(t, s.Pin(t.Context(), want))
	check(t, s.Pin(t.Context(), Contact{Key: alice, Name: "alice", PinnedAt: noon}))
	if got, err := s.Contact(t.Context(), bob); got != want || err != nil {
		t.Errorf("by key: %+v, %v; want %+v", got, err, want)
	}
	if got, err := s.ContactByName(t.Context(), "bob"); got != want || err != nil {
		t.Errorf("by name: %+v, %v; want %+v", got, err, want)
	}
	all, err := s.Contacts(t.Context())
	if len(all) != 2 || all[0].Name != "alice" || all[1] != want || err != nil {
		t.Errorf("all: %+v, %v", all, err)
	}
}

func TestChangedKeyIsRefusedAndChangesNothing(t *testing.T) {
	s := openTest(t)
	pinned := Contact{Key: bob, Name: "bob", PinnedAt: noon, Prekey: prekey(1)}
	check(t, s.Pin(t.Context(), pinned))
	check(t, s.Pin(t.Context(), Contact{Key: carol, Name: "carol", PinnedAt: noon}))
	for name, offered := range map[string]wire.Key{"a new key": alice, "the key of another contact": carol} {
		t.Run(name, func(t *testing.T) {
			err := s.Pin(t.Context(), Contact{Key: offered, Name: "bob", PinnedAt: noon, Prekey: prekey(9), LastSeen: noon})
			changed, ok := errors.AsType[*KeyChangedError](err)
			if !ok || *changed != (KeyChangedError{Name: "bob", Pinned: bob, Offered: offered}) {
				t.Errorf("got %v, want a KeyChangedError", err)
			}
		})
	}
	all, err := s.Contacts(t.Context())
	if !slices.Equal(all, []Contact{pinned, {Key: carol, Name: "carol", PinnedAt: noon}}) || err != nil {
		t.Errorf("contacts are now %+v (error %v)", all, err)
	}
}

func TestLaterContactRenewsThePrekeyButNotThePin(t *testing.T) {
	s := openTest(t)
	check(t, s.Pin(t.Context(), Contact{Key: bob, Name: "bob", PinnedAt: noon, Prekey: prekey(1), LastSeen: noon}))
	later := noon.Add(time.Hour)
	for _, step := range []struct {
		name   string
		offer  Contact
		prekey uint64
		seen   time.Time
	}{
		{"a new prekey", Contact{Key: bob, Name: "bob", PinnedAt: later, Prekey: prekey(2), LastSeen: later}, 2, later},
		{"no prekey known now", Contact{Key: bob, Name: "bob", PinnedAt: later}, 2, later},
		{"another name is not taken over", Contact{Key: bob, Name: "robert", PinnedAt: later, Prekey: prekey(3)}, 3, later},
	} {
		t.Run(step.name, func(t *testing.T) {
			check(t, s.Pin(t.Context(), step.offer))
			want := Contact{Key: bob, Name: "bob", PinnedAt: noon, Prekey: prekey(step.prekey), LastSeen: step.seen}
			if got, err := s.Contact(t.Context(), bob); got != want || err != nil {
				t.Errorf("got %+v, %v; want %+v", got, err, want)
			}
		})
	}
}

func TestNameCannotMoveToAnotherKeyInTwoSteps(t *testing.T) {
	s := openTest(t)
	check(t, s.Pin(t.Context(), Contact{Key: bob, Name: "bob", PinnedAt: noon}))
	check(t, s.Pin(t.Context(), Contact{Key: bob, Name: "robert", PinnedAt: noon}))
	err := s.Pin(t.Context(), Contact{Key: carol, Name: "bob", PinnedAt: noon})
	if _, ok := errors.AsType[*KeyChangedError](err); !ok {
		t.Errorf("got %v, want a KeyChangedError", err)
	}
}

func TestRepinIsTheUsersDecision(t *testing.T) {
	s := openTest(t)
	check(t, s.Pin(t.Context(), Contact{Key: bob, Name: "bob", PinnedAt: noon}))
	message := accept(t, s, bob, "to the old key")
	trusted := Contact{Key: carol, Name: "bob", PinnedAt: noon.Add(time.Hour), Prekey: prekey(4)}
	check(t, s.Repin(t.Context(), trusted))
	all, err := s.Contacts(t.Context())
	if !slices.Equal(all, []Contact{trusted}) || err != nil {
		t.Errorf("contacts are %+v (error %v)", all, err)
	}
	if m, err := s.Message(t.Context(), message.ID); m.Peer != bob || err != nil {
		t.Errorf("the message to the old key is %+v (error %v)", m, err)
	}
}

func TestPetnameStaysThroughLaterContacts(t *testing.T) {
	s := openTest(t)
	want := Contact{Key: bob, Name: "bob", Petname: "dad", PinnedAt: noon}
	check(t, s.Pin(t.Context(), Contact{Key: bob, Name: "bob", PinnedAt: noon}))
	check(t, s.SetPetname(t.Context(), bob, "dad"))
	check(t, s.Pin(t.Context(), Contact{Key: bob, Name: "bob", PinnedAt: noon}))
	if got, err := s.Contact(t.Context(), bob); got != want || err != nil {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestContactOfTheFirstSchemaKeepsItsName(t *testing.T) {
	dir := t.TempDir()
	db, err := connect(filepath.Join(dir, fileName), 1)
	check(t, err)
	check(t, migrateStep(t.Context(), db, steps(t)[0]))
	_, err = db.ExecContext(t.Context(), `INSERT INTO contact VALUES (?, 'bob', ?, 0, zeroblob(32), zeroblob(64), 0)`,
		bob[:], toNanos(noon))
	check(t, err)
	check(t, db.Close())
	all, err := reopen(t, dir).Contacts(t.Context())
	if !slices.Equal(all, []Contact{{Key: bob, Name: "bob", PinnedAt: noon}}) || err != nil {
		t.Errorf("contacts are %+v (error %v)", all, err)
	}
}

// TestContactsOfEarlierSchemasAreChosen proves that an upgrade takes those for chosen
// with whom the user has had to do, and nobody else.
func TestContactsOfEarlierSchemasAreChosen(t *testing.T) {
	dir := t.TempDir()
	db, err := connect(filepath.Join(dir, fileName), 1)
	check(t, err)
	do := func(statement string, args ...any) {
		t.Helper()
		_, err := db.ExecContext(t.Context(), statement, args...)
		check(t, err)
	}
	for _, step := range steps(t) {
		if step.version < 13 {
			check(t, migrateStep(t.Context(), db, step))
		}
	}
	contact := func(key byte, name, petname string, verified int) {
		raw := wire.Key{key}
		do(`INSERT INTO contact (key, name, petname, pinned_at, prekey_id, prekey_public, prekey_signature, last_seen, verified_at)
			VALUES (?, ?, ?, ?, 0, zeroblob(32), zeroblob(64), 0, ?)`, raw[:], name, petname, toNanos(noon), verified)
		do(`INSERT INTO conversation (peer) VALUES (?)`, raw[:])
	}
	message := func(key byte, outgoing, kind int, group []byte) {
		raw := wire.Key{key}
		do(`INSERT INTO message (id, peer, outgoing, seq, body, sent_at, state, kind, group_id)
			VALUES (randomblob(16), ?, ?, 1, 'hello', 1, ?, ?, ?)`, raw[:], outgoing, []string{"unread", "delivered"}[outgoing], kind, group)
	}
	contact(1, "wrote to us", "", 0)
	message(1, 0, 64, []byte{})
	contact(2, "written to", "", 0)
	message(2, 1, 64, []byte{})
	contact(3, "offered a file", "", 0)
	message(3, 1, 98, []byte{})
	contact(4, "verified", "", 1)
	contact(5, "called something", "dad", 0)
	contact(6, "of a group", "", 0)
	message(6, 1, 64, make([]byte, 16))
	contact(7, "answered about its file", "", 0)
	message(7, 1, 99, []byte{})
	check(t, db.Close())
	all, err := reopen(t, dir).Contacts(t.Context())
	check(t, err)
	var chosen []string
	for _, c := range all {
		if !c.ChosenAt.IsZero() {
			chosen = append(chosen, c.Name)
		}
	}
	if want := []string{"called something", "offered a file", "verified", "written to"}; !slices.Equal(chosen, want) {
		t.Errorf("chosen are %q, want %q", chosen, want)
	}
}

func TestPetnameIsOneContactsOnly(t *testing.T) {
	s := openTest(t)
	for key, name := range map[wire.Key]string{bob: "bob", carol: "carol"} {
		check(t, s.Pin(t.Context(), Contact{Key: key, Name: name, PinnedAt: noon}))
	}
	check(t, s.SetPetname(t.Context(), bob, "dad"))
	if err := s.SetPetname(t.Context(), carol, "dad"); err == nil {
		t.Error("two contacts are called dad")
	}
	if err := s.SetPetname(t.Context(), alice, "mum"); !errors.Is(err, ErrNotFound) {
		t.Errorf("renaming a stranger ended with %v, want ErrNotFound", err)
	}
}

func TestContactIsForgottenAndItsHistoryStays(t *testing.T) {
	s := openTest(t)
	check(t, s.Pin(t.Context(), Contact{Key: bob, Name: "bob", PinnedAt: noon}))
	delivered := accept(t, s, bob, "arrived")
	_, err := s.MarkDelivered(t.Context(), bob, noon, "direct", delivered.ID)
	check(t, err)
	if _, err := s.Forget(t.Context(), bob, false); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Contact(t.Context(), bob); !errors.Is(err, ErrNotFound) {
		t.Errorf("the contact is still there (error %v)", err)
	}
	if m, err := s.Message(t.Context(), delivered.ID); m.Body != "arrived" || err != nil {
		t.Errorf("the delivered message is %+v (error %v)", m, err)
	}
	if _, err := s.Forget(t.Context(), bob, true); !errors.Is(err, ErrNotFound) {
		t.Errorf("forgetting again ended with %v, want ErrNotFound", err)
	}
}

func TestQueuedMessagesHoldOnToTheirContact(t *testing.T) {
	s := openTest(t)
	check(t, s.Pin(t.Context(), Contact{Key: bob, Name: "bob", PinnedAt: noon}))
	waiting, others := accept(t, s, bob, "waits"), accept(t, s, carol, "waits for another")
	_, err := s.Forget(t.Context(), bob, false)
	if pending, ok := errors.AsType[*PendingError](err); !ok || pending.Count != 1 {
		t.Errorf("got %v, want a PendingError of one message", err)
	}
	if _, err := s.Contact(t.Context(), bob); err != nil {
		t.Errorf("a refusal has changed something: %v", err)
	}
	discarded, err := s.Forget(t.Context(), bob, true)
	if !slices.Equal(discarded, []wire.MessageID{waiting.ID}) || err != nil {
		t.Errorf("discarded %v (error %v), want %v", discarded, err, waiting.ID)
	}
	if _, err := s.Message(t.Context(), waiting.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("the queued message is still there (error %v)", err)
	}
	if _, err := s.Message(t.Context(), others.ID); err != nil {
		t.Errorf("the message to another peer: %v", err)
	}
}

func TestUnknownContactsAreNotFound(t *testing.T) {
	s := openTest(t)
	_, byKey := s.Contact(t.Context(), bob)
	_, byName := s.ContactByName(t.Context(), "bob")
	if !errors.Is(byKey, ErrNotFound) || !errors.Is(byName, ErrNotFound) {
		t.Errorf("by key %v, by name %v; want ErrNotFound", byKey, byName)
	}
}

func TestUserDecisionsStayWithTheKey(t *testing.T) {
	s := openTest(t)
	pinned := Contact{Key: bob, Name: "bob", PinnedAt: noon, Prekey: prekey(1)}
	check(t, s.Pin(t.Context(), pinned))
	check(t, s.SetVerified(t.Context(), bob, noon))
	check(t, s.SetBlocked(t.Context(), bob, noon.Add(time.Minute)))
	check(t, s.SetReceipts(t.Context(), bob, ReceiptsOff))
	check(t, s.Pin(t.Context(), pinned)) // a later contact
	want := pinned
	want.VerifiedAt, want.BlockedAt, want.Receipts = noon, noon.Add(time.Minute), ReceiptsOff
	if got, err := s.Contact(t.Context(), bob); got != want || err != nil {
		t.Errorf("contact is %+v, %v; want %+v", got, err, want)
	}

	check(t, s.SetBlocked(t.Context(), bob, time.Time{}))
	check(t, s.Repin(t.Context(), Contact{Key: carol, Name: "bob", PinnedAt: noon, Prekey: prekey(2)}))
	if got, err := s.Contact(t.Context(), carol); !got.VerifiedAt.IsZero() || err != nil {
		t.Errorf("the new key counts as verified: %+v, %v", got, err)
	}
	for name, err := range map[string]error{
		"verify":   s.SetVerified(t.Context(), bob, noon),
		"block":    s.SetBlocked(t.Context(), bob, noon),
		"receipts": s.SetReceipts(t.Context(), bob, ReceiptsOn),
	} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%s nobody's contact: %v, want ErrNotFound", name, err)
		}
	}
}

func TestLastSeenOnlyGrows(t *testing.T) {
	s := openTest(t)
	check(t, s.Pin(t.Context(), Contact{Key: bob, Name: "bob", PinnedAt: noon, Prekey: prekey(1)}))
	for _, at := range []time.Time{noon, noon.Add(time.Hour), noon.Add(time.Minute)} {
		check(t, s.Saw(t.Context(), map[wire.Key]time.Time{bob: at, carol: at}))
	}
	if got, err := s.Contact(t.Context(), bob); !got.LastSeen.Equal(noon.Add(time.Hour)) || err != nil {
		t.Errorf("last seen %v, %v", got.LastSeen, err)
	}
	if all, err := s.Contacts(t.Context()); len(all) != 1 || err != nil {
		t.Errorf("a stranger became a contact: %+v, %v", all, err)
	}
}

func TestWhatWasSaidToAGroupStaysWhenAMemberIsForgotten(t *testing.T) {
	s := openTest(t)
	check(t, s.Pin(t.Context(), Contact{Key: alice, Name: "alice", PinnedAt: noon}))
	group, id := wire.GroupID{7}, newID()
	acceptAll(t, s,
		Draft{To: alice, ID: id, Kind: wire.KindText, Body: "hi all", Group: group},
		Draft{To: bob, ID: id, Kind: wire.KindText, Body: "hi all", Group: group, Hidden: true})
	accept(t, s, alice, "to alice alone")
	if discarded, err := s.Forget(t.Context(), alice, true); err != nil || len(discarded) != 2 {
		t.Fatalf("discarded %d messages, %v", len(discarded), err)
	}
	shown, err := s.Messages(t.Context(), Filter{})
	if err != nil || !slices.Equal(bodies(shown), []string{"hi all"}) {
		t.Errorf("the history is %q, %v", bodies(shown), err)
	}
	if found := searched(t, s, Search{Texts: []string{"hi all"}, Limit: 10}); len(found) != 1 {
		t.Errorf("a search finds %q", found)
	}
}

func TestADiscardedOfferIsCancelled(t *testing.T) {
	s := openTest(t)
	check(t, s.Pin(t.Context(), Contact{Key: alice, Name: "alice", PinnedAt: noon}))
	waiting, answered := wire.MessageID{1}, wire.MessageID{2}
	weOffer(t, s, answered)
	_, err := s.MarkDelivered(t.Context(), alice, noon, "direct", answered)
	check(t, err)
	weOffer(t, s, waiting)
	if discarded, err := s.Forget(t.Context(), alice, true); err != nil || len(discarded) != 1 {
		t.Fatalf("discarded %d messages, %v", len(discarded), err)
	}
	wantTransfer(t, s, waiting, TransferCancelled)
	wantTransfer(t, s, answered, TransferOffered) // alice has it, and may still answer
}

func TestWhoWasForgottenIsToldOfTheGroupAnew(t *testing.T) {
	s := openTest(t)
	check(t, s.Pin(t.Context(), Contact{Key: alice, Name: "alice", PinnedAt: noon}))
	group := wire.Group{ID: wire.GroupID{7}, Name: "team", Members: []wire.GroupMember{{Key: alice, Change: 1}, {Key: bob, Change: 1}}}
	weSay(t, s, alice, newID(), group)
	weSay(t, s, bob, newID(), group)
	if discarded, err := s.Forget(t.Context(), alice, true); err != nil || len(discarded) != 1 {
		t.Fatalf("discarded %d messages, %v", len(discarded), err)
	}
	told, err := s.GroupTold(t.Context(), group.ID)
	check(t, err)
	if _, alsoAlice := told[alice]; alsoAlice || len(told) != 1 {
		t.Errorf("told of the group count %d, alice among them: %v; want bob alone", len(told), alsoAlice)
	}
}

func TestWhoIsForgottenIsNotTrustedWithFiles(t *testing.T) {
	s := openTest(t)
	for key, policy := range map[wire.Key]FilePolicy{alice: FileAuto, bob: FileNever} {
		check(t, s.Pin(t.Context(), Contact{Key: key, Name: key.String(), PinnedAt: noon}))
		check(t, s.SetFilePolicy(t.Context(), key, policy))
		_, err := s.Forget(t.Context(), key, false)
		check(t, err)
	}
	for key, want := range map[wire.Key]FilePolicy{alice: FileAsk, bob: FileNever} {
		if got, err := s.FilePolicy(t.Context(), key); err != nil || got != want {
			t.Errorf("%s: %v, %v, want %s", key, got, err, want)
		}
	}
}
