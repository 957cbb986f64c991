package roster

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"peerd/wire"
)

func benchmarkTable(members int) *Table {
	table := NewTable(1)
	for n := range members {
		table.Put(member(fmt.Sprintf("member %05d", n), n%2 == 0, n))
	}
	return table
}

const benchmarkMembers = 10_000

func BenchmarkPut(b *testing.B) {
	table := benchmarkTable(benchmarkMembers)
	row := member("member 00042", true, 0)
	b.ReportAllocs()
	for b.Loop() {
		row.Online, row.Since = !row.Online, row.Since.Add(time.Second)
		table.Put(row)
	}
}

func BenchmarkSince(b *testing.B) {
	table := benchmarkTable(benchmarkMembers)
	for _, bench := range []struct {
		name   string
		behind uint64
	}{{"one change", 1}, {"1000 changes", 1000}, {"snapshot of 10000", benchmarkMembers}} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				table.Since(1, table.Version()-bench.behind)
			}
		})
	}
}

func BenchmarkApply(b *testing.B) {
	table := benchmarkTable(benchmarkMembers)
	all := slices.Collect(table.Since(0, 0).Messages())
	b.Run("snapshot of 10000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var c Copy
			for _, message := range all {
				if _, err := apply(&c, message); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("one change", func(b *testing.B) {
		c := Restore(1, table.Version(), slices.Collect(table.All()))
		row := member("member 00042", true, 0)
		b.ReportAllocs()
		for b.Loop() {
			row.Online = !row.Online
			delta := wire.Delta{Epoch: 1, From: c.Version(), To: c.Version() + 1, Changed: []wire.Row{row}}
			if _, err := c.ApplyDelta(delta); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCopyByName(b *testing.B) {
	c := Restore(1, 1, slices.Collect(benchmarkTable(benchmarkMembers).All()))
	for b.Loop() {
		if _, found := c.ByName("member 00042"); !found {
			b.Fatal("not found")
		}
	}
}
