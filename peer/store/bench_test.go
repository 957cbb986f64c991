package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"peerd/wire"
)

func BenchmarkAcceptSequential(b *testing.B) {
	s := openTest(b)
	for b.Loop() {
		accept(b, s, bob, "a message of an ordinary length, as people write them")
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "accepts/s")
}

func BenchmarkAcceptConcurrent(b *testing.B) {
	for _, callers := range []int{8, 64, 256} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			s := openTest(b)
			b.SetParallelism(callers) // times GOMAXPROCS
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					accept(b, s, bob, "a message of an ordinary length, as people write them")
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "accepts/s")
			b.ReportMetric(float64(b.N)/float64(s.writer.commits.Load()), "accepts/commit")
		})
	}
}

func BenchmarkReceive(b *testing.B) {
	s := openTest(b)
	var seq atomic.Uint64
	for b.Loop() {
		receive(b, s, alice, seq.Add(1), "a message of an ordinary length, as people write them")
	}
}

// fill makes a store with n messages, half of them from the peer.
func fill(b *testing.B, dir string, n int) {
	b.Helper()
	s := reopen(b, dir)
	check(b, apply(b.Context(), s, "fill", func(tx *transaction) error {
		if err := tx.exec(`INSERT INTO conversation (peer, next_seq) VALUES (?, ?)`, bob[:], n); err != nil {
			return err
		}
		for i := range n {
			id := newID()
			err := tx.exec(`INSERT INTO message (id, peer, outgoing, seq, body, sent_at, state) VALUES (?, ?, ?, ?, ?, ?, 'read')`,
				id[:], bob[:], i%2, i/2+1, "a message of an ordinary length, as people write them", i)
			if err != nil {
				return err
			}
		}
		return nil
	}))
	check(b, s.Close())
}

func BenchmarkOpenWith100kMessages(b *testing.B) {
	dir := b.TempDir()
	fill(b, dir, 100_000)
	b.Run("after a clean shutdown", func(b *testing.B) {
		for b.Loop() {
			s, err := Open(dir)
			check(b, err)
			check(b, s.Close())
		}
	})
	b.Run("after a kill", func(b *testing.B) {
		log := abandonedLog(b, dir)
		for b.Loop() {
			check(b, os.WriteFile(filepath.Join(dir, fileName+"-wal"), log, 0o600))
			s, err := Open(dir)
			check(b, err)
			check(b, s.Close())
		}
	})
}

// abandonedLog returns a write-ahead log of one message.
func abandonedLog(b *testing.B, dir string) []byte {
	b.Helper()
	s := reopen(b, dir)
	accept(b, s, bob, "last words")
	log, err := os.ReadFile(filepath.Join(dir, fileName+"-wal"))
	check(b, err)
	check(b, s.Close())
	return log
}

func BenchmarkNewest20Of100kMessages(b *testing.B) {
	dir := b.TempDir()
	fill(b, dir, 100_000)
	s := reopen(b, dir)
	for b.Loop() {
		messages, err := s.Messages(b.Context(), Filter{Peer: &bob, Newest: true, Limit: 20})
		if len(messages) != 20 || err != nil {
			b.Fatal(len(messages), err)
		}
	}
}

// BenchmarkAcceptForAGroup accepts a message for the 99 other members of the
// largest group.
func BenchmarkAcceptForAGroup(b *testing.B) {
	for _, size := range []int{100, wire.MaxText} {
		b.Run(fmt.Sprintf("%d bytes", size), func(b *testing.B) {
			s := openTest(b)
			body := strings.Repeat("x", size)
			for b.Loop() {
				id := newID()
				drafts := make([]Draft, 99)
				for i := range drafts {
					drafts[i] = Draft{To: wire.Key{1, byte(i)}, ID: id, Kind: wire.KindText, Body: body, Group: friends, Hidden: i > 0}
				}
				if _, err := s.AcceptAll(b.Context(), noon, drafts...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
