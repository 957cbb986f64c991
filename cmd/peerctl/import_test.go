package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzParseExported reads what somebody may have made of an export by hand.
func FuzzParseExported(f *testing.F) {
	f.Add(`{"type":"exported","v":1,"id":"agq74lsjo4yrmodglw4eidaj6y"}`)
	f.Add(strings.Repeat(`{"a":`, 5000))
	f.Fuzz(func(t *testing.T, line string) {
		row, err := parseExported([]byte(line))
		if err != nil {
			return
		}
		if again, err := json.Marshal(row); err != nil {
			t.Errorf("%s is taken, and cannot be written: %v", line, err)
		} else if _, err := parseExported(again); err != nil {
			t.Errorf("%s is taken, and %s is not: %v", line, again, err)
		}
	})
}
