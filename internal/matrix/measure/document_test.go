//go:build linux

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"peerd/internal/matrix"
	"peerd/peer/api"
)

// skeleton is a document with room for all tables.
func skeleton() string {
	document := "# Title\n\n"
	for name := range tables {
		document += "<!-- measured: " + name + " -->\nold\n<!-- end of " + name + " -->\ntext about " + name + "\n"
	}
	return document
}

func measured(pair string, after ...time.Duration) matrix.Cell {
	cell := matrix.Cell{Pair: pair}
	for _, d := range after {
		cell.Meetings = append(cell.Meetings, matrix.Meeting{
			Direct: api.Milliseconds(d), Transport: api.TransportUDP, Arrived: api.Milliseconds(50 * time.Millisecond), Flows: 2,
		})
	}
	return cell
}

func TestOnlyTheTablesAreRegenerated(t *testing.T) {
	file := filepath.Join(t.TempDir(), "NAT.md")
	if err := os.WriteFile(file, []byte(skeleton()), 0o600); err != nil {
		t.Fatal(err)
	}
	known := results{}
	for _, cell := range []matrix.Cell{
		measured("masquerade × masquerade", 137*time.Millisecond, 151*time.Millisecond),
		measured("masquerade × eif", 500*time.Millisecond),
		measured("same LAN", 80*time.Millisecond),
	} {
		known[cell.Pair] = cell
	}
	for range 2 { // the second time, what is there is a table
		if err := writeDocument(file, known); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	document := string(written)
	for _, want := range []string{
		"# Title\n", "text about grid\n",
		"| `masquerade` | 151 / 151 | **500 / 500** | · |",
		"| same LAN | 1 | 100 % | 80 | 80 | 2 |",
		"| masquerade × masquerade | 151 / 151 | 5089 (196 or 5113) |",
	} {
		if !strings.Contains(document, want) {
			t.Errorf("no %q in:\n%s", want, document)
		}
	}
	if strings.Contains(document, "old") || strings.Count(document, "| `masquerade` | Linux") != 1 {
		t.Errorf("an old table is still there:\n%s", document)
	}
}

func TestDocumentWithoutRoomIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "NAT.md")
	if err := os.WriteFile(file, []byte("# Title\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writeDocument(file, results{}); err == nil || !strings.Contains(err.Error(), "<!-- measured: ") {
		t.Errorf("%v, want an error that names the missing line", err)
	}
}

func TestKeptResultsAreMergedAndOrdered(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kept.jsonl")
	first := results{
		"same LAN":                measured("same LAN", 80*time.Millisecond),
		"masquerade × masquerade": measured("masquerade × masquerade", 137*time.Millisecond),
		"a pair of the past":      measured("a pair of the past", time.Second),
	}
	if err := first.save(file); err != nil {
		t.Fatal(err)
	}
	kept, err := load(file)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, pair := range kept.known(matrix.Pairs()) {
		names = append(names, pair.Name)
	}
	if want := []string{"masquerade × masquerade", "same LAN"}; len(kept) != 2 || !slices.Equal(names, want) {
		t.Errorf("kept %v, want %q", kept, want)
	}
	if got := kept["same LAN"].DirectTimes(); !slices.Equal(got, matrix.Times{80 * time.Millisecond}) {
		t.Errorf("same LAN: %v", got)
	}
}

// Every system's figure stands beside one of ours.
func TestOthersWereMeasuredAtPairsOfOurs(t *testing.T) {
	named := map[string]bool{}
	for _, pair := range matrix.Pairs() {
		named[pair.Name] = true
	}
	for _, other := range others {
		if !named[other.pair] {
			t.Errorf("no pair is named %q", other.pair)
		}
	}
}
