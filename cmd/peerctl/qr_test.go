package main

import (
	"strings"
	"testing"

	"rsc.io/qr"

	"peerd/internal/safetycode"
	"peerd/wire"
)

// modules reads a drawn code back; true is dark.
func modules(lines []string, colours bool) (rows [][]bool) {
	for _, line := range lines {
		line = strings.TrimSuffix(strings.TrimPrefix(line, "\x1b[30;107m"), "\x1b[0m")
		var upper, lower []bool
		for _, char := range line {
			upper = append(upper, (char == '█' || char == '▀') == colours)
			lower = append(lower, (char == '█' || char == '▄') == colours)
		}
		rows = append(rows, upper, lower)
	}
	return rows
}

func TestT07CodeIsDrawnAsItIsOnDarkAndOnLightTerminals(t *testing.T) {
	card := safetycode.Card(wire.Key{1}, wire.Key{2})
	code, err := qr.Encode(card, qr.L)
	if err != nil {
		t.Fatal(err)
	}
	for _, colours := range []bool{true, false} {
		lines, err := qrLines(card, colours)
		if err != nil {
			t.Fatal(err)
		}
		rows := modules(lines, colours)
		for y := range code.Size + 2*quietZone {
			for x := range code.Size + 2*quietZone {
				if want := code.Black(x-quietZone, y-quietZone); rows[y][x] != want {
					t.Fatalf("colours %t: module %d, %d is dark: %t, want %t", colours, x, y, rows[y][x], want)
				}
			}
		}
		if len(lines) > 24 || len(rows[0]) > 80 {
			t.Errorf("the code takes %d lines of %d columns, more than a terminal of 80 × 24 has", len(lines), len(rows[0]))
		}
	}
}
