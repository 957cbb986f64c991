package spoil

import (
	"bytes"
	"slices"
	"testing"
)

func TestEveryTruncationIsThere(t *testing.T) {
	got := slices.Collect(Cut([]byte("abc")))
	if !slices.EqualFunc(got, [][]byte{{}, []byte("a"), []byte("ab")}, bytes.Equal) {
		t.Errorf("cut to %q", got)
	}
	for _, cut := range got {
		if cap(cut) > len(cut)+8 {
			t.Errorf("%q has room for %d", cut, cap(cut))
		}
	}
}

func TestLengthsOfEveryKindAreEverywhere(t *testing.T) {
	whole := []byte{1, 2, 3, 4, 5, 6}
	places := map[int]bool{}
	var all [][]byte
	for at, changed := range Lengths(whole) {
		places[at] = true
		all = append(all, changed)
	}
	if len(places) != len(whole) {
		t.Errorf("changed at %v", places)
	}
	for name, want := range map[string][]byte{
		"a zero":                       {1, 2, 0, 4, 5, 6},
		"a negative number of octets":  {1, 0xff, 3, 4, 5, 6},
		"a negative one of 16 bits":    {1, 0x80, 0, 4, 5, 6},
		"a negative one of 32 bits":    {1, 0xff, 0xff, 0xff, 0xff, 6},
		"the largest one of 31 bits":   {1, 0x7f, 0xff, 0xff, 0xff, 6},
		"a varint of 2^63":             {1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 3, 4, 5, 6},
		"a length at the end":          {1, 2, 3, 4, 5, 0xff},
		"a wide one at the end":        {1, 2, 3, 4, 5, 0xff, 0xff},
		"a length that is larger only": {3, 2, 3, 4, 5, 6},
	} {
		if !slices.ContainsFunc(all, func(b []byte) bool { return bytes.Equal(b, want) }) {
			t.Errorf("%s is missing", name)
		}
	}
	if !bytes.Equal(whole, []byte{1, 2, 3, 4, 5, 6}) {
		t.Error("the input was changed")
	}
}
