package store

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// An index that is of no use must be noticed and made again.
func TestIndexIsMadeAgainWhenItIsOfNoUse(t *testing.T) {
	spoil := func(name string, at int64, with []byte) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			file, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE, 0o600)
			check(t, err)
			_, err = file.WriteAt(with, at)
			check(t, err)
			check(t, file.Close())
		}
	}
	for name, spoilt := range map[string]func(*testing.T, string){
		"missing":         func(t *testing.T, dir string) { check(t, os.Remove(filepath.Join(dir, indexName))) },
		"not a database":  spoil(indexName, 0, bytes.Repeat([]byte("nonsense"), 512)),
		"damaged inside":  spoil(indexName, 4096, bytes.Repeat([]byte{0xff}, 64<<10)),
		"another version": func(t *testing.T, dir string) { inIndex(t, dir, "PRAGMA user_version = 99") },
		"ahead of a restored backup": func(t *testing.T, dir string) {
			inIndex(t, dir, "UPDATE cursor SET row_id = 1000")
		},
		"of other messages": func(t *testing.T, dir string) {
			inIndex(t, dir, "UPDATE cursor SET message_id = x'00'")
			inIndex(t, dir, "DELETE FROM message_text")
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := reopen(t, dir)
			for i := range 50 {
				accept(t, s, alice, fmt.Sprintf("message %d of fifty", i))
			}
			if got := searched(t, s, Search{Texts: []string{"fifty"}}); len(got) != 50 {
				t.Fatalf("found %q", got)
			}
			check(t, s.Close())
			spoilt(t, dir)
			s = reopen(t, dir)
			accept(t, s, alice, "one more of fifty")
			if got := searched(t, s, Search{Texts: []string{"of fifty"}, Limit: 60}); len(got) != 51 {
				t.Errorf("found %d messages, want 51", len(got))
			}
		})
	}
}

// inIndex runs a statement in the index of a closed store.
func inIndex(t *testing.T, dir, statement string) {
	t.Helper()
	db, err := connect(filepath.Join(dir, indexName), 1)
	check(t, err)
	_, err = db.ExecContext(t.Context(), statement)
	check(t, err)
	check(t, db.Close())
}

func TestIndexFollowsWithoutASearch(t *testing.T) {
	s := openTest(t)
	var last Message
	for range 3 {
		last = accept(t, s, alice, "hello")
	}
	deadline := time.Now().Add(30 * time.Second)
	for indexedUpTo(t, s) < last.Row {
		if time.Now().After(deadline) {
			t.Fatalf("indexed up to %d, want %d", indexedUpTo(t, s), last.Row)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func indexedUpTo(t *testing.T, s *Store) int64 {
	t.Helper()
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	at, err := s.index.position(context.Background())
	check(t, err)
	return at.row
}

// What is searched for may be further back than a batch, or than a page of what
// the index names.
func TestSearchSeesEverythingStored(t *testing.T) {
	const messages = indexBatch + 10
	s := openTest(t)
	var drafts []Draft
	for i := range messages {
		to := alice
		if i%100 == 0 {
			to = carol
		}
		drafts = append(drafts, Draft{To: to, ID: newID(), Kind: 64, Body: fmt.Sprintf("message %d", i)})
	}
	_, err := s.AcceptAll(t.Context(), noon, drafts...)
	check(t, err)
	got := searched(t, s, Search{Texts: []string{"message"}, Peer: &carol, Limit: 3})
	want := []string{"message 5000", "message 4900", "message 4800"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := searched(t, s, Search{Texts: []string{"message", "77"}, Limit: 1000}); len(got) != 95 {
		t.Errorf("found %d messages with 77", len(got))
	}
}
