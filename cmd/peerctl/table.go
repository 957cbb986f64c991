package main

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"peerd/internal/printable"
)

// table is rows of cells, for a terminal.
type table [][]string

// add appends a row; the cells are made printable.
func (t *table) add(cells ...string) {
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = printable.Line(cell)
	}
	*t = append(*t, row)
}

// lines returns the rows with their columns aligned, two blanks apart.
func (t table) lines() []string {
	var widths []int
	for _, row := range t {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columns(cell))
		}
	}
	lines := make([]string, len(t))
	for n, row := range t {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell)
			b.WriteString(strings.Repeat(" ", widths[i]-columns(cell)+2))
		}
		lines[n] = strings.TrimRight(b.String(), " ")
	}
	return lines
}

// columns returns how many columns of a terminal text takes: two for a wide
// character such as a Chinese one, none for a mark on the one before it.
func columns(text string) int {
	n := 0
	for _, r := range text {
		switch kind := width.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case kind == width.EastAsianWide || kind == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// print writes the table as results for humans.
func (a *app) print(t table) error {
	for _, line := range t.lines() {
		if err := a.line("%s", line); err != nil {
			return err
		}
	}
	return nil
}
