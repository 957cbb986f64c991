package main

import "testing"

func TestSize(t *testing.T) {
	for text, want := range map[string]size{
		"0": 0, "1": 1, "1000": 1000, "2K": 2 << 10, "500M": 500 << 20, "1G": 1 << 30, "1GiB": 1 << 30, "3gib": -1, "1TB": 1 << 40,
		"": -1, "G": -1, "-1": -1, "1.5G": -1, "1X": -1, "1GG": -1, "9999999999G": -1, "1 G": -1,
	} {
		var s size
		err := s.Set(text)
		if want < 0 && err == nil || want >= 0 && (err != nil || s != want) {
			t.Errorf("%q is %d (%v), want %d", text, s, err, want)
		}
		var again size
		if err == nil && (again.Set(s.String()) != nil || again != s) {
			t.Errorf("%q is shown as %q, which is %d", text, s.String(), again)
		}
	}
}
