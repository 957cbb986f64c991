package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"peerd/wire"
)

// holdWriter keeps the writer busy with a transaction until the returned
// function is called. It must be used in a synctest bubble.
func holdWriter(t *testing.T, s *Store) (release func()) {
	t.Helper()
	gate := make(chan struct{})
	go apply(t.Context(), s, "hold", func(*transaction) error { <-gate; return nil })
	synctest.Wait()
	return func() { close(gate) }
}

func TestConcurrentAcceptsShareATransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		release := holdWriter(t, s)
		var group sync.WaitGroup
		for i := range 64 {
			group.Go(func() { accept(t, s, bob, fmt.Sprint(i)) })
		}
		synctest.Wait() // all 64 wait for the writer
		release()
		group.Wait()
		if commits := s.writer.commits.Load(); commits != 2 {
			t.Errorf("%d transactions, want 2: the one that was held, and one for all", commits)
		}
		pending, err := s.Pending(t.Context(), bob, 0, 100)
		check(t, err)
		for i, m := range pending {
			if m.Seq != uint64(i+1) {
				t.Errorf("message %d has sequence %d", i, m.Seq)
			}
		}
		if len(pending) != 64 {
			t.Errorf("%d messages stored", len(pending))
		}
	})
}

func TestOnlyWhatMayBeLostDoesNotWaitForTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		var modes []string
		ask := func(tx *transaction) error {
			var mode string
			err := tx.row("PRAGMA synchronous", nil, &mode)
			modes = append(modes, mode)
			return err
		}
		askLazily := func() {
			_, err := writeLazily(t.Context(), s, "ask", withoutResult(ask))
			check(t, err)
		}
		check(t, apply(t.Context(), s, "ask", ask))
		askLazily()
		check(t, apply(t.Context(), s, "ask", ask))
		askLazily()
		release := holdWriter(t, s)
		var group sync.WaitGroup
		group.Go(askLazily)
		group.Go(func() { check(t, apply(t.Context(), s, "ask", ask)) })
		synctest.Wait()
		release()
		group.Wait()
		const normal, full = "1", "2"
		if want := []string{full, normal, full, normal, full, full}; !slices.Equal(modes, want) {
			t.Errorf("synchronous was %q, want %q", modes, want)
		}
	})
}

func TestBatchesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		release := holdWriter(t, s)
		var group sync.WaitGroup
		for range maxBatch + 1 {
			group.Go(func() { accept(t, s, bob, "x") })
		}
		synctest.Wait()
		release()
		group.Wait()
		if commits := s.writer.commits.Load(); commits != 3 {
			t.Errorf("%d transactions, want 3", commits)
		}
	})
}

func TestAFailingOperationFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		check(t, s.SavePrekey(t.Context(), 1, []byte("x"), noon))
		release := holdWriter(t, s)
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() { accept(t, s, bob, "x") })
			group.Go(func() {
				if err := s.SavePrekey(t.Context(), 1, []byte("x"), noon); err == nil {
					t.Error("an id was used twice")
				}
			})
		}
		synctest.Wait()
		release()
		group.Wait()
		if m := accept(t, s, bob, "next"); m.Seq != 4 {
			t.Errorf("after 3 messages the next has sequence %d: a rolled back one used it up", m.Seq)
		}
	})
}

func TestARefusalDoesNotBreakTheBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		check(t, s.Pin(t.Context(), Contact{Key: bob, Name: "bob", PinnedAt: noon}))
		taken := accept(t, s, bob, "x")
		before := s.writer.commits.Load()
		release := holdWriter(t, s)
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() { accept(t, s, bob, "x") })
			group.Go(func() {
				if _, err := s.Accept(t.Context(), carol, taken.ID, "x", noon); !errors.Is(err, ErrIDTaken) {
					t.Errorf("got %v, want ErrIDTaken", err)
				}
			})
			group.Go(func() {
				err := s.Pin(t.Context(), Contact{Key: carol, Name: "bob", PinnedAt: noon})
				if _, ok := errors.AsType[*KeyChangedError](err); !ok {
					t.Errorf("got %v, want a KeyChangedError", err)
				}
			})
		}
		synctest.Wait()
		release()
		group.Wait()
		if commits := s.writer.commits.Load() - before; commits != 2 {
			t.Errorf("%d transactions, want 2: the one that was held, and one for all", commits)
		}
	})
}

func TestCallerMayStopWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		release := holdWriter(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := s.Accept(ctx, bob, newID(), "x", noon); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled", err)
			}
		})
		synctest.Wait()
		cancel()
		group.Wait() // while the writer is still held
		release()
		if m := accept(t, s, bob, "next"); m.Seq != 1 {
			t.Errorf("the abandoned message was stored: the next has sequence %d", m.Seq)
		}
	})
}

// TestWhoGivesUpTooLateHearsWhatHappened cancels a change while the writer makes it.
func TestWhoGivesUpTooLateHearsWhatHappened(t *testing.T) {
	s := openTest(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := apply(ctx, s, "change", func(*transaction) error {
		cancel()
		return nil
	})
	if err != nil {
		t.Errorf("got %v of a change that was made", err)
	}
}

func TestCancelledCallerStoresNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 20 { // a choice between an idle writer and the context would let some through
			synctest.Wait()
			if _, err := s.Accept(ctx, bob, newID(), "x", noon); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled", err)
			}
		}
		if m := accept(t, s, bob, "next"); m.Seq != 1 {
			t.Errorf("%d messages of cancelled callers were stored", m.Seq-1)
		}
	})
}

func TestCloseFinishesWhatTheWriterHasTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := reopen(t, dir)
		gate := make(chan struct{})
		var group sync.WaitGroup
		group.Go(func() {
			err := apply(t.Context(), s, "slow", func(tx *transaction) error {
				<-gate
				return tx.exec(`INSERT INTO setting (name, value) VALUES ('taken', 'yes')`)
			})
			if err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		group.Go(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		group.Go(func() {
			synctest.Wait()
			if err := s.SetSetting(t.Context(), "late", "yes"); !errors.Is(err, ErrClosed) {
				t.Errorf("during Close: %v, want ErrClosed", err)
			}
			close(gate)
		})
		group.Wait()

		s = reopen(t, dir)
		if _, ok, err := s.Setting(t.Context(), "taken"); !ok || err != nil {
			t.Errorf("what the writer had taken is lost (error %v)", err)
		}
	})
}

func TestEverybodyAtOnce(t *testing.T) {
	const writers, messages = 8, 25
	s := openTest(t)
	var group sync.WaitGroup
	for w := range writers {
		peer := wire.Key{byte(w + 1)}
		group.Go(func() {
			for i := range uint64(messages) {
				m := accept(t, s, peer, "x")
				receive(t, s, peer, i+1, "y")
				if _, err := s.MarkDelivered(t.Context(), peer, noon, "direct", m.ID); err != nil {
					t.Error(err)
				}
			}
		})
		group.Go(func() {
			for range messages {
				if _, err := s.Messages(t.Context(), Filter{Peer: &peer, Limit: 10, Newest: true}); err != nil {
					t.Error(err)
				}
				if _, err := s.ReadUpTo(t.Context(), peer, wire.GroupID{}, 5, noon, true); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	all, err := s.Messages(t.Context(), Filter{})
	check(t, err)
	if len(all) != 2*writers*messages {
		t.Errorf("%d messages, want %d", len(all), 2*writers*messages)
	}
}

// TestFullFileRefusesAndRecovers lets SQLite itself refuse to grow the file,
// which is what it reports for a full disk, on every system.
func TestFullFileRefusesAndRecovers(t *testing.T) {
	s := openTest(t)
	limitPages := func(pages int) {
		t.Helper()
		// The pragma is not undone by a rollback, and needs no transaction.
		check(t, apply(t.Context(), s, "limit file", func(tx *transaction) error {
			var now int
			return tx.row(fmt.Sprintf("PRAGMA max_page_count = %d", pages), nil, &now)
		}))
	}
	before := accept(t, s, bob, "before")
	limitPages(1) // SQLite makes it the present size
	refused := newID()
	_, err := s.Accept(t.Context(), bob, refused, strings.Repeat("x", 64<<10), noon)
	if err == nil || !strings.Contains(err.Error(), "full") {
		t.Fatalf("got %v, want an error that says the disk is full", err)
	}
	if _, err := s.Message(t.Context(), refused); !errors.Is(err, ErrNotFound) {
		t.Errorf("the refused message: %v, want ErrNotFound", err)
	}

	limitPages(1 << 20)
	after, err := s.Accept(t.Context(), bob, refused, strings.Repeat("x", 64<<10), noon)
	if err != nil || after.Seq != before.Seq+1 {
		t.Errorf("with space again: sequence %d, error %v; want %d", after.Seq, err, before.Seq+1)
	}
}

func TestFullFileStillTakesWhatFits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		accept(t, s, bob, "before")
		check(t, apply(t.Context(), s, "limit file", func(tx *transaction) error {
			var now int
			return tx.row("PRAGMA max_page_count = 1", nil, &now)
		}))
		release := holdWriter(t, s)
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := s.Accept(t.Context(), bob, newID(), strings.Repeat("x", 64<<10), noon); err == nil {
				t.Error("a message larger than the space was accepted")
			}
		})
		group.Go(func() { accept(t, s, bob, "small") })
		synctest.Wait()
		release()
		group.Wait()
		all, err := s.Messages(t.Context(), Filter{})
		check(t, err)
		if len(all) != 2 || all[1].Body != "small" || all[1].Seq != 2 {
			t.Errorf("stored: %d messages", len(all))
		}
	})
}
