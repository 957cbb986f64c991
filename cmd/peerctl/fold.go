package main

import (
	"strings"
	"unicode"
)

// lineWidth is how many columns a terminal has at least. Longer sentences are
// folded, also in pipes and files: what a person reads is the same everywhere.
const lineWidth = 80

// folded is t with the last cell of each row folded to lineWidth.
func (t table) folded() table {
	left := 0
	for _, row := range t {
		width := 0
		for _, cell := range row[:len(row)-1] {
			width = max(width, columns(cell)+2)
		}
		left = max(left, width)
	}
	var out table
	for _, row := range t {
		last := len(row) - 1
		for i, line := range fold(row[last], lineWidth-left) {
			next := append([]string(nil), row[:last]...)
			if i > 0 {
				clear(next)
			}
			out = append(out, append(next, line))
		}
	}
	return out
}

// fold breaks text into lines of at most width columns, between words or between
// wide characters. Lines after the first are indented as the first is. A word
// longer than a line gets one of its own.
func fold(text string, width int) []string {
	indent := text[:len(text)-len(strings.TrimLeft(text, " "))]
	var lines []string
	line := indent
	for _, word := range words(text[len(indent):]) {
		if columns(strings.TrimRight(line+word, " ")) > width && strings.TrimSpace(line) != "" {
			lines = append(lines, strings.TrimRight(line, " "))
			line = indent
			word = strings.TrimLeft(word, " ")
		}
		line += word
	}
	return append(lines, strings.TrimRight(line, " "))
}

// words cuts text where a line may end: after blanks and around wide characters,
// but not before a punctuation mark, nor after an opening one.
func words(text string) []string {
	var all []string
	start := 0
	var before rune
	for i, r := range text {
		if i > start && mayBreak(before, r) {
			all = append(all, text[start:i])
			start = i
		}
		before = r
	}
	return append(all, text[start:])
}

// mayBreak reports whether a line may end between two characters.
func mayBreak(before, after rune) bool {
	switch {
	case after == ' ' || unicode.IsPunct(after) && !isOpening(after) || isOpening(before):
		return false
	case before == ' ':
		return true
	}
	return columns(string(before)) == 2 || columns(string(after)) == 2
}

func isOpening(r rune) bool { return unicode.In(r, unicode.Ps, unicode.Pi) }
