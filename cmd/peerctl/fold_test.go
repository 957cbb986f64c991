package main

import (
	"slices"
	"strings"
	"testing"
)

func TestSentencesAreFolded(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		width int
		want  []string
	}{
		"a short one stays":                   {"hello bob", 20, []string{"hello bob"}},
		"it breaks between words":             {"one two three four", 9, []string{"one two", "three", "four"}},
		"it fills the line exactly":           {"one two three", 7, []string{"one two", "three"}},
		"a long word has its own line":        {"at [2001:db8:1:2:3:4:5:6]:65535 now", 10, []string{"at", "[2001:db8:1:2:3:4:5:6]:65535", "now"}},
		"an indent is kept":                   {"  one two three", 9, []string{"  one two", "  three"}},
		"Chinese breaks anywhere":             {"路由器更换端口", 6, []string{"路由器", "更换端", "口"}},
		"but not before punctuation":          {"路由器，端口", 6, []string{"路由", "器，端", "口"}},
		"nor after an opening one":            {"路由（端口）", 6, []string{"路由", "（端", "口）"}},
		"a Latin word in Chinese stays whole": {"请用 IPv6 吧", 8, []string{"请用", "IPv6 吧"}},
		"nothing is a line":                   {"", 5, []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fold(c.text, c.width); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestFoldingLosesNothing proves that only blanks at the ends of lines go.
func TestFoldingLosesNothing(t *testing.T) {
	strip := func(text string) string { return strings.ReplaceAll(text, " ", "") }
	for _, catalogue := range []whyTexts{englishWhy, chineseWhy} {
		for _, text := range catalogue.Odd {
			for width := range 80 {
				lines := fold(text, width)
				if got := strip(strings.Join(lines, "")); got != strip(text) {
					t.Fatalf("at %d columns %q became %q", width, text, lines)
				}
			}
		}
	}
}

func TestNoRowOfAFoldedTableIsTooLong(t *testing.T) {
	var long table
	long.add("label", englishWhy.Odd["unconfirmed-candidates"])
	long.add("标签", chineseWhy.Odd["unconfirmed-candidates"])
	for _, line := range long.folded().lines() {
		if columns(line) > lineWidth {
			t.Errorf("%d columns: %s", columns(line), line)
		}
	}
}
