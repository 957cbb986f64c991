package safetycode

import (
	"regexp"
	"strings"
	"testing"

	"peerd/wire"
)

var (
	alice = wire.Key{1, 2, 3}
	bob   = wire.Key{9, 8, 7}
)

func TestBothSidesSeeTheSameCode(t *testing.T) {
	if Of(alice, bob) != Of(bob, alice) {
		t.Error("the code depends on whose side it is")
	}
	if Of(alice, bob) == Of(alice, wire.Key{9, 8, 6}) {
		t.Error("another key has the same code")
	}
}

// Programs of different releases must show the same.
func TestCodeOfTheseKeysNeverChanges(t *testing.T) {
	code := Of(alice, bob)
	if got, want := code.Digits(), "99224 97472 70131 38253 69895 60221 12391 99079 06664 67690 11390 95062"; got != want {
		t.Errorf("digits %q, want %q", got, want)
	}
	if got, want := code.Words(), "vitav lusiv zofol dokon sutab lalaz bidat latiz notot malat"; got != want {
		t.Errorf("words %q, want %q", got, want)
	}
	if !regexp.MustCompile(`^(\d{5} ){11}\d{5}$`).MatchString(code.Digits()) {
		t.Errorf("digits %q are not twelve groups of five", code.Digits())
	}
	if !regexp.MustCompile(`^([a-z]{5} ){9}[a-z]{5}$`).MatchString(code.Words()) {
		t.Errorf("words %q are not ten of five letters", code.Words())
	}
}

func TestMatches(t *testing.T) {
	code := Of(alice, bob)
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"digits as shown":      {code.Digits(), true},
		"words as shown":       {code.Words(), true},
		"digits without gaps":  {strings.ReplaceAll(code.Digits(), " ", ""), true},
		"words with hyphens":   {strings.ReplaceAll(code.Words(), " ", "-"), true},
		"words in upper case":  {strings.ToUpper(code.Words()), true},
		"a part of the digits": {code.Digits()[:59], false},
		"no text":              {"", false},
		"only separators":      {" - ", false},
		"another pair's code":  {Of(alice, wire.Key{4}).Digits(), false},
		"both after another":   {code.Digits() + code.Words(), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := code.Matches(c.text); got != c.want {
				t.Errorf("Matches(%q) = %v", c.text, got)
			}
		})
	}
}
