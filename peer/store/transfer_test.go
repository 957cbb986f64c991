package store

import (
	"errors"
	"testing"

	"peerd/wire"
)

var exampleOffer = wire.FileOffer{Name: "photo.jpg", Size: 10, Files: 1, Manifest: 40, Root: [32]byte{1}}

func encoded(t *testing.T, m wire.Message) []byte {
	t.Helper()
	body, err := m.AppendBody(nil)
	check(t, err)
	return body
}

// weOffer has us offer something to alice.
func weOffer(t *testing.T, s *Store, id wire.MessageID) {
	t.Helper()
	draft := Draft{To: alice, ID: id, Kind: wire.KindFileOffer, Payload: encoded(t, exampleOffer), Hidden: true}
	_, err := s.Offer(t.Context(), draft, "/home/photo.jpg", noon)
	check(t, err)
}

// says has an item of a peer arrive.
func says(t *testing.T, s *Store, from wire.Key, id wire.MessageID, payload wire.Message) {
	t.Helper()
	in := Incoming{ID: id, Seq: 1, SentAt: noon, Kind: payload.Kind(), Payload: encoded(t, payload), Hidden: true}
	_, _, err := s.Receive(t.Context(), from, in, noon, "direct")
	check(t, err)
}

// weSay has us answer.
func weSay(t *testing.T, s *Store, to wire.Key, id wire.MessageID, payload wire.Message) {
	t.Helper()
	_, err := s.AcceptAll(t.Context(), noon, Draft{To: to, ID: id, Kind: payload.Kind(), Payload: encoded(t, payload), Hidden: true})
	check(t, err)
}

func wantTransfer(t *testing.T, s *Store, id wire.MessageID, want TransferState) Transfer {
	t.Helper()
	transfer, err := s.Transfer(t.Context(), id)
	check(t, err)
	if transfer.State != want || transfer.State.Open() != transfer.EndedAt.IsZero() {
		t.Errorf("state is %s, ended at %v; want %s", transfer.State, transfer.EndedAt, want)
	}
	return transfer
}

func TestOfferMakesATransferOnBothSides(t *testing.T) {
	s := openTest(t)
	weOffer(t, s, wire.MessageID{1})
	says(t, s, bob, wire.MessageID{2}, exampleOffer)
	ours, theirs := wantTransfer(t, s, wire.MessageID{1}, TransferOffered), wantTransfer(t, s, wire.MessageID{2}, TransferOffered)
	if !ours.Outgoing || ours.Peer != alice || ours.Path != "/home/photo.jpg" || ours.Offer != exampleOffer || !ours.OfferedAt.Equal(noon) {
		t.Errorf("ours is %+v", ours)
	}
	if theirs.Outgoing || theirs.Peer != bob || theirs.Path != "" {
		t.Errorf("theirs is %+v", theirs)
	}
	check(t, s.SetMoved(t.Context(), wire.MessageID{2}, 7))
	check(t, s.SetTransferPath(t.Context(), wire.MessageID{2}, "/downloads/photo.jpg"))
	check(t, s.SetTransferPath(t.Context(), wire.MessageID{1}, "/elsewhere")) // ours is where it is
	all, err := s.Transfers(t.Context())
	if err != nil || len(all) != 2 || all[0].Path != "/home/photo.jpg" || all[1].Path != "/downloads/photo.jpg" || all[1].Moved != 7 {
		t.Errorf("all are %+v: %v", all, err)
	}
	if _, err := s.Transfer(t.Context(), wire.MessageID{3}); !errors.Is(err, ErrNotFound) {
		t.Errorf("of no transfer: %v", err)
	}
}

func TestAnswersMoveATransferForward(t *testing.T) {
	answer := func(v wire.FileVerdict) wire.FileAnswer { return wire.FileAnswer{Offer: wire.MessageID{1}, Answer: v} }
	for name, row := range map[string]struct {
		ours    bool // we have offered it
		answers []wire.FileVerdict
		byPeer  bool
		want    TransferState
	}{
		"the recipient accepts":                          {true, []wire.FileVerdict{wire.FileAccepted}, true, TransferAccepted},
		"we, the recipient, accept":                      {false, []wire.FileVerdict{wire.FileAccepted}, false, TransferAccepted},
		"accepted, then done":                            {true, []wire.FileVerdict{wire.FileAccepted, wire.FileDone}, true, TransferDone},
		"done before the acceptance was heard of":        {true, []wire.FileVerdict{wire.FileDone}, true, TransferDone},
		"the recipient declines":                         {true, []wire.FileVerdict{wire.FileDeclined}, true, TransferDeclined},
		"what is accepted cannot be declined any more":   {true, []wire.FileVerdict{wire.FileAccepted, wire.FileDeclined}, true, TransferAccepted},
		"nor does what is done get cancelled":            {true, []wire.FileVerdict{wire.FileDone, wire.FileCancelled}, true, TransferDone},
		"nor is what was declined accepted":              {true, []wire.FileVerdict{wire.FileDeclined, wire.FileAccepted}, true, TransferDeclined},
		"the recipient cancels":                          {true, []wire.FileVerdict{wire.FileAccepted, wire.FileCancelled}, true, TransferCancelled},
		"the sender cancels":                             {false, []wire.FileVerdict{wire.FileCancelled}, true, TransferCancelled},
		"we, the sender, cancel":                         {true, []wire.FileVerdict{wire.FileCancelled}, false, TransferCancelled},
		"a sender cannot accept for us":                  {false, []wire.FileVerdict{wire.FileAccepted}, true, TransferOffered},
		"nor say that we have it":                        {false, []wire.FileVerdict{wire.FileDone, wire.FileFailed, wire.FileDeclined}, true, TransferOffered},
		"a verdict of a newer peer changes nothing":      {true, []wire.FileVerdict{200}, true, TransferOffered},
		"a failure is final":                             {true, []wire.FileVerdict{wire.FileFailed, wire.FileDone}, true, TransferFailed},
		"the same answer again changes nothing (cancel)": {true, []wire.FileVerdict{wire.FileCancelled, wire.FileCancelled}, true, TransferCancelled},
	} {
		t.Run(name, func(t *testing.T) {
			s := openTest(t)
			if row.ours {
				weOffer(t, s, wire.MessageID{1})
			} else {
				says(t, s, alice, wire.MessageID{1}, exampleOffer)
			}
			for i, v := range row.answers {
				if id := (wire.MessageID{9, byte(i)}); row.byPeer {
					says(t, s, alice, id, answer(v))
				} else {
					weSay(t, s, alice, id, answer(v))
				}
			}
			wantTransfer(t, s, wire.MessageID{1}, row.want)
		})
	}
}

func TestOnlyThePeerItselfAnswers(t *testing.T) {
	s := openTest(t)
	weOffer(t, s, wire.MessageID{1})
	says(t, s, bob, wire.MessageID{2}, wire.FileAnswer{Offer: wire.MessageID{1}, Answer: wire.FileDone})
	wantTransfer(t, s, wire.MessageID{1}, TransferOffered)
}

func TestAnIdThatIsKnownMakesNoSecondTransfer(t *testing.T) {
	s := openTest(t)
	weOffer(t, s, wire.MessageID{1})
	says(t, s, bob, wire.MessageID{1}, exampleOffer)
	if got := wantTransfer(t, s, wire.MessageID{1}, TransferOffered); !got.Outgoing || got.Peer != alice {
		t.Errorf("bob has taken over our transfer: %+v", got)
	}
}

func TestOpenOffersOfOnePeerAreBounded(t *testing.T) {
	s := openTest(t)
	for i := range maxOpenOffers + 10 {
		says(t, s, alice, wire.MessageID{1, byte(i)}, exampleOffer)
	}
	says(t, s, bob, wire.MessageID{2}, exampleOffer)
	if open, err := s.OpenTransfers(t.Context()); err != nil || len(open) != maxOpenOffers+1 {
		t.Errorf("%d transfers are open: %v", len(open), err)
	}
	weSay(t, s, alice, wire.MessageID{3}, wire.FileAnswer{Offer: wire.MessageID{1, 0}, Answer: wire.FileDeclined})
	says(t, s, alice, wire.MessageID{4}, exampleOffer)
	wantTransfer(t, s, wire.MessageID{4}, TransferOffered)
}

func TestMalformedItemsAboutFilesAreStoredAndNothingElse(t *testing.T) {
	s := openTest(t)
	for i, kind := range []wire.Kind{wire.KindFileOffer, wire.KindFileAnswer} {
		in := Incoming{ID: wire.MessageID{byte(i + 1)}, Seq: 1, SentAt: noon, Kind: kind, Payload: []byte{0xff}, Hidden: true}
		if _, fresh, err := s.Receive(t.Context(), alice, in, noon, "direct"); err != nil || !fresh {
			t.Errorf("%v: fresh %v, %v", kind, fresh, err)
		}
	}
	if all, err := s.Transfers(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("transfers are %+v: %v", all, err)
	}
}

func TestFilePolicyIsBoundToTheKey(t *testing.T) {
	s := openTest(t)
	for _, policy := range []FilePolicy{FileAuto, FileNever, FileAsk} {
		check(t, s.SetFilePolicy(t.Context(), alice, policy))
		for key, want := range map[wire.Key]FilePolicy{alice: policy, bob: FileAsk} {
			if got, err := s.FilePolicy(t.Context(), key); err != nil || got != want {
				t.Errorf("policy is %s (%v), want %s", got, err, want)
			}
		}
	}
}
