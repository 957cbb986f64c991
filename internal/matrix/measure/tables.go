//go:build linux

package main

import (
	"fmt"
	"strings"
	"time"

	"peerd/internal/matrix"
)

// row is a line of a Markdown table.
func row(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |\n" }

// head is the first two lines of one.
func head(cells ...string) string {
	return row(cells...) + strings.Repeat("|---", len(cells)) + "|\n"
}

func milliseconds(d time.Duration) string {
	if d == 0 {
		return "–"
	}
	return fmt.Sprint(d.Round(time.Millisecond).Milliseconds())
}

// share is a part of meetings: 100 is all of them.
func share(of matrix.Cell) string { return fmt.Sprintf("%.4g %%", 100*of.DirectShare()) }

// kindsTable explains the names of the rows and columns.
func kindsTable(results) string {
	table := head("name", "what it is")
	for _, kind := range matrix.Kinds {
		table += row("`"+kind.Name+"`", kind.Words)
	}
	return table
}

// gridTable is the matrix, one cell for each pair of kinds.
func gridTable(r results) string {
	names := []string{""}
	for _, kind := range matrix.Kinds {
		names = append(names, "`"+kind.Name+"`")
	}
	pairs := map[string]matrix.Pair{}
	for _, pair := range matrix.Pairs() {
		pairs[pair.Name] = pair
	}
	table := head(names...)
	for i, sender := range matrix.Kinds {
		cells := []string{names[i+1]}
		for _, recipient := range matrix.Kinds {
			cells = append(cells, gridCell(r, pairs[matrix.PairName(sender, recipient)]))
		}
		table += row(cells...)
	}
	return table
}

// gridCell is a cell in few characters: "137 / 151" (median and worst) when all
// meetings were direct, in bold when it falls short.
func gridCell(r results, pair matrix.Pair) string {
	cell, measured := r[pair.Name]
	if !measured {
		return "·"
	}
	times := cell.DirectTimes()
	text := "relay"
	if len(times) > 0 {
		text = milliseconds(times.Median()) + " / " + milliseconds(times.Worst())
		if cell.Transports() == "tcp" {
			text = "tcp " + text
		}
		if len(times) < len(cell.Meetings) {
			text = share(cell) + ": " + text
		}
	}
	if len(cell.Shortfalls(pair.Bar)) > 0 {
		text = "**" + text + "**"
	}
	return text
}

// specialTable is what is no pair of kinds.
func specialTable(r results) string {
	table := head("arrangement", "meetings", "direct", "median", "worst", "router flows, worst")
	for _, pair := range matrix.Pairs() {
		if cell, measured := r[pair.Name]; measured && pair.Row == "" {
			table += row(append([]string{pair.Name}, measuredColumns(cell)...)...)
		}
	}
	return table
}

func measuredColumns(cell matrix.Cell) []string {
	times, flows := cell.DirectTimes(), cell.Flows()
	return []string{
		fmt.Sprint(len(cell.Meetings)), share(cell), milliseconds(times.Median()), milliseconds(times.Worst()),
		fmt.Sprint(flows[len(flows)-1]),
	}
}

// promisesTable adds up the cells of each promise.
func promisesTable(r results) string {
	table := head("pair", "promised", "cells", "meetings", "direct", "median", "worst", "router flows, worst", "cells short")
	for _, bar := range matrix.Bars() {
		var all matrix.Cell
		cells, short := 0, 0
		for _, pair := range matrix.Pairs() {
			cell, measured := r[pair.Name]
			if pair.Bar != bar || !measured {
				continue
			}
			cells++
			all.Meetings = append(all.Meetings, cell.Meetings...)
			if len(cell.Shortfalls(bar)) > 0 {
				short++
			}
		}
		if cells == 0 {
			continue
		}
		columns := append([]string{bar.Name, promise(bar), fmt.Sprint(cells)}, measuredColumns(all)...)
		table += row(append(columns, fmt.Sprint(short))...)
	}
	return table
}

// promise says a bar in words.
func promise(bar matrix.Bar) string {
	if bar.Relayed {
		return "relay, honestly"
	}
	if bar.Direct == 0 {
		return "nothing"
	}
	words := []string{fmt.Sprintf("%.4g %%", 100*bar.Direct)}
	if bar.Transport == "tcp" {
		words = append(words, "over TCP")
	}
	if bar.Median > 0 {
		words = append(words, "median ≤ "+milliseconds(bar.Median))
	}
	if bar.Worst > 0 {
		words = append(words, "worst ≤ "+milliseconds(bar.Worst))
	}
	if bar.Median == 0 && bar.Worst == 0 {
		words = append(words, fmt.Sprintf("in %v", bar.Within))
	}
	if bar.Flows > 0 {
		words = append(words, fmt.Sprintf("≤ %d flows", bar.Flows))
	}
	return strings.Join(words, ", ")
}

// othersTable puts what others reach beside our own.
func othersTable(r results) string {
	table := head("sender × recipient", "peerd", "Tailscale 1.102.5", "frp 0.65 xtcp", "libp2p 0.51", "pion/ice 4.4", "nebula 1.10.3")
	for _, other := range others {
		own := "·"
		for _, pair := range matrix.Pairs() {
			if pair.Name == other.pair {
				own = gridCell(r, pair)
			}
		}
		table += row(other.pair, own, other.tailscale, other.frp, other.libp2p, other.ice, other.nebula)
	}
	return table
}
