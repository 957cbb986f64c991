//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"peerd/internal/matrix"
	"peerd/peer/api"
)

// batch is how many meetings share a lab. More would have daemons log in and
// look at their routers that wait for the others' meetings only.
const batch = 5

// measure measures the cells that the options ask for, keeps and prints them,
// and returns how many fall short.
func measure(o options) (short int, err error) {
	results, err := load(o.keep)
	if err != nil {
		return 0, err
	}
	measured := o.pairs()
	if o.runs == 0 {
		measured = results.known(measured)
	} else if err := measureAll(o, measured, results); err != nil {
		return 0, err
	}
	for _, pair := range measured {
		if missed := results[pair.Name].Shortfalls(pair.Bar); len(missed) > 0 {
			short++
			fmt.Printf("SHORT %s: %s\n", pair.Name, strings.Join(missed, "; "))
		}
	}
	fmt.Printf("%d of %d cells at or beyond their bars\n", len(measured)-short, len(measured))
	if o.write != "" {
		err = writeDocument(o.write, results)
	}
	return short, err
}

// measureAll adds to results, cell by cell as they are done.
func measureAll(o options, pairs []matrix.Pair, results results) error {
	theatre := &matrix.Theatre{Binaries: o.binaries, Logs: o.logs != ""}
	var (
		mu       sync.Mutex
		failures []error
		workers  sync.WaitGroup
		work     = make(chan matrix.Pair)
	)
	for range o.parallel {
		workers.Go(func() {
			for pair := range work {
				start := time.Now()
				cell, err := measureCell(theatre, pair, o)
				mu.Lock()
				if err == nil {
					results[pair.Name] = cell
					fmt.Println(line(pair, cell), time.Since(start).Round(time.Second))
					err = results.save(o.keep)
				}
				failures = append(failures, err)
				mu.Unlock()
			}
		})
	}
	for _, pair := range pairs {
		work <- pair
	}
	close(work)
	workers.Wait()
	return errors.Join(failures...)
}

// measureCell plays the meetings of one cell, a batch at a time.
func measureCell(theatre *matrix.Theatre, pair matrix.Pair, o options) (matrix.Cell, error) {
	cell := matrix.Cell{Pair: pair.Name}
	for len(cell.Meetings) < o.runs {
		var pairs []matrix.Pair
		for range min(batch, o.runs-len(cell.Meetings)) {
			pairs = append(pairs, pair)
		}
		meetings, err := theatre.Play(pairs...)
		if err != nil {
			return cell, err
		}
		cell.Meetings = append(cell.Meetings, meetings...)
	}
	return cell, saveLogs(o.logs, pair, cell)
}

// saveLogs writes a file for each meeting: what was measured, what both daemons
// say why, and what they logged.
func saveLogs(dir string, pair matrix.Pair, cell matrix.Cell) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("keep logs: %w", err)
	}
	for i, m := range cell.Meetings {
		var content bytes.Buffer
		for _, row := range []any{m, m.Why[0], m.Why[1]} {
			if err := api.WriteRow(&content, row); err != nil {
				return fmt.Errorf("keep logs: %w", err)
			}
		}
		fmt.Fprintf(&content, "\nalice, who sends:\n%s\nbob:\n%s", m.Logs[0], m.Logs[1])
		file := filepath.Join(dir, fmt.Sprintf("%s, %d.log", pair.Name, i+1))
		if err := os.WriteFile(file, content.Bytes(), 0o644); err != nil {
			return fmt.Errorf("keep logs: %w", err)
		}
	}
	return nil
}

// line says what was measured in a cell.
func line(pair matrix.Pair, cell matrix.Cell) string {
	verdict := "ok"
	if missed := cell.Shortfalls(pair.Bar); len(missed) > 0 {
		verdict = "SHORT"
	}
	times, flows := cell.DirectTimes(), cell.Flows()
	text := fmt.Sprintf("%-34s %-5s n %d, message %v, flows %d/%d, direct %.0f %%",
		pair.Name, verdict, len(cell.Meetings), cell.ArrivalTimes().Median(), flows[len(flows)/2], flows[len(flows)-1],
		100*cell.DirectShare())
	if len(times) > 0 {
		text += fmt.Sprintf(" %s, median %v, 90%% %v, worst %v", cell.Transports(), times.Median(), times.NinetyPercent(), times.Worst())
	}
	if reasons := cell.Reasons(); reasons != "" {
		text += ", relayed: " + reasons
	}
	return text
}
