package wire

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestKeyHasOneTextForm(t *testing.T) {
	text := exampleKey.String()
	if key, err := ParseKey(text); err != nil || key != exampleKey {
		t.Fatalf("parsed %v, %v", key, err)
	}
	for name, other := range map[string]string{
		"nothing":               "",
		"upper case":            strings.ToUpper(text),
		"one character less":    text[:51],
		"one character more":    text + "a",
		"with padding":          text + "====",
		"broken in two lines":   text[:26] + "\n" + text[26:],
		"a line break for one":  text[:51] + "\n",
		"a space for one":       text[:51] + " ",
		"another unused bit":    text[:51] + "b",
		"a very long one":       strings.Repeat("a", 1<<20),
		"characters not of it":  strings.Repeat("0", 52),
		"as long, in two bytes": strings.Repeat("é", 26),
	} {
		key, err := ParseKey(other)
		if err == nil {
			t.Errorf("%s: parsed as %v", name, key)
		} else if len(err.Error()) > 500 {
			t.Errorf("%s: the error is %d bytes", name, len(err.Error()))
		}
	}
}

func TestKeyTravelsInJSON(t *testing.T) {
	text, err := json.Marshal(map[Key]Key{exampleKey: otherKey})
	if err != nil {
		t.Fatal(err)
	}
	var back map[Key]Key
	if err := json.Unmarshal(text, &back); err != nil || back[exampleKey] != otherKey {
		t.Errorf("%s came back as %v, %v", text, back, err)
	}
}

func TestKeysCompareBytewise(t *testing.T) {
	if exampleKey.Compare(otherKey) != -1 || otherKey.Compare(exampleKey) != 1 || exampleKey.Compare(exampleKey) != 0 {
		t.Error("keys are out of order")
	}
	if !(Key{}).IsZero() || exampleKey.IsZero() {
		t.Error("only the zero key is zero")
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add(exampleKey.String())
	f.Fuzz(func(t *testing.T, text string) {
		if key, err := ParseKey(text); err == nil && key.String() != text {
			t.Errorf("%q is another text of %v", text, key)
		}
	})
}
