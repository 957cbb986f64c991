package name

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNamesPeopleHave(t *testing.T) {
	for _, test := range []struct{ proves, text, want string }{
		{"plain ASCII", "alice", "alice"},
		{"case is kept", "McCartney", "McCartney"},
		{"Chinese", "天涯", "天涯"},
		{"more Chinese", "剑痴", "剑痴"},
		{"Chinese with Latin and digits", "剑痴Jack99", "剑痴Jack99"},
		{"Japanese in three scripts", "山田たろうカナ", "山田たろうカナ"},
		{"Korean with Chinese", "金민수", "金민수"},
		{"Latin with diacritics", "Łukasz Żółć", "Łukasz Żółć"},
		{"Cyrillic", "Алёна", "Алёна"},
		{"Greek", "Ελένη", "Ελένη"},
		{"Arabic, from right to left", "عمر", "عمر"},
		{"Hebrew with vowel points", "דָּוִד", "דָּוִד"},
		{"Devanagari with vowel signs", "प्रिया", "प्रिया"},
		{"Thai with two marks on a letter", "ที่รัก", "ที่รัก"},
		{"one character", "q", "q"},
		{"one emoji", "🦊", "🦊"},
		{"spaces between words", "Jean-Luc de la Tour", "Jean-Luc de la Tour"},
		{"punctuation inside", "O'Neil_3.14!", "O'Neil_3.14!"},
		{"32 characters of four bytes", strings.Repeat("𠀀", 32), strings.Repeat("𠀀", 32)},
		{"full-width letters become plain ones", "ａｌｉｃｅ", "alice"},
		{"decomposed letters are composed", "e\u0301lan", "élan"},
		{"a ligature is taken apart", "ﬁona", "fiona"},
		{"an ideographic space becomes a space", "剑\u3000痴", "剑 痴"},
		{"a no-break space becomes a space", "a\u00a0b", "a b"},
		{"decomposed text longer than the limit, composed within it", strings.Repeat("e\u0301", 32), strings.Repeat("é", 32)},
	} {
		t.Run(test.proves, func(t *testing.T) {
			got, err := Normalize(test.text)
			if err != nil || got != test.want {
				t.Errorf("Normalize(%+q) = %+q, %v; want %+q", test.text, got, err, test.want)
			}
		})
	}
}

func TestT06TextsThatAreNoNames(t *testing.T) {
	const key = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	for _, test := range []struct {
		proves, text string
		want         Rule
	}{
		{"nothing", "", Empty},
		{"33 characters", strings.Repeat("x", 33), TooLong},
		{"33 characters after normalisation", strings.Repeat("ﬀ", 16) + "x", TooLong},
		{"one character that stands for eighteen, twice", "\ufdfa\ufdfa", TooLong},
		{"a megabyte", strings.Repeat("x", 1<<20), TooLong},
		{"a key in its text form", key, TooLong},
		{"bytes that are not UTF-8", "a\xffb", NotUTF8},
		{"a surrogate half", "a\xed\xa0\x80b", NotUTF8},
		{"a comma, which ends the field of a login", "alice,bob", Separator},
		{"a full-width comma, which normalises to one", "alice，bob", Separator},
		{"a semicolon", "alice;bob", Separator},
		{"a Greek question mark, which normalises to a semicolon", "alice\u037e", Separator},
		{"a hash, which begins the secret of an invite", "alice#1", Separator},
		{"a slash, which ends the host of an invite", "a/b", Separator},
		{"an at sign, which means a file", "@alice", Separator},
		{"a mention", "alice@home", Separator},
		{"a newline, which forges a second log line", "alice\nroot", Control},
		{"an escape, which a terminal obeys", "\x1b[31mred", Control},
		{"an eight-bit escape", "a\u009b31m", Control},
		{"a zero byte", "a\x00", Control},
		{"a tab", "a\tb", Control},
		{"an override that turns the text around", "\u202egnp.exe", Bidi},
		{"an isolate that is never closed", "a\u2066b", Bidi},
		{"an Arabic letter mark", "a\u061cb", Bidi},
		{"a zero-width space", "ali\u200bce", Invisible},
		{"a zero-width joiner", "👩\u200d💻", Invisible},
		{"a zero-width non-joiner", "می\u200cخواهم", Invisible},
		{"a byte order mark", "\ufeffalice", Invisible},
		{"a soft hyphen", "ali\u00adce", Invisible},
		{"a word joiner", "ali\u2060ce", Invisible},
		{"a variation selector", "❤\ufe0f", Invisible},
		{"a Hangul filler, which is a blank letter", "\u3164", Invisible},
		{"a combining grapheme joiner", "a\u034fb", Invisible},
		{"a language tag", "a\U000e0041", Invisible},
		{"a Braille blank", "\u2800", Invisible},
		{"a private-use character", "a\ue000", PrivateUse},
		{"an unassigned character", "a\u0378", Unassigned},
		{"a noncharacter", "a\uffff", Unassigned},
		{"a leading space", " alice", Space},
		{"a trailing space", "alice ", Space},
		{"two spaces", "alice  bob", Space},
		{"only spaces", "   ", Space},
		{"a line separator", "a\u2028b", Space},
		{"an Ogham space, which is drawn as a line", "a\u1680b", Space},
		{"a mark that would sit on the text before", "\u0301alice", Marks},
		{"a pile of marks", "a" + strings.Repeat("\u0335", 5), Marks},
		{"an option", "--help", Dash},
		{"standard input", "-", Dash},
		{"a parent directory", "..", OnlyPunctuation},
		{"Latin with one Cyrillic letter", "\u0430lice", MixedScripts},
		{"Latin with one Greek letter", "al\u03b9ce", MixedScripts},
		{"Cyrillic with Chinese", "Ж天", MixedScripts},
		{"Japanese with Korean", "たろう민수", MixedScripts},
	} {
		t.Run(test.proves, func(t *testing.T) {
			got, err := Normalize(test.text)
			wrong, ok := errors.AsType[*InvalidError](err)
			if !ok || got != "" {
				t.Fatalf("Normalize(%+q) = %+q, %v; want an InvalidError", test.text, got, err)
			}
			if wrong.Rule != test.want || wrong.Name != test.text {
				t.Errorf("Normalize(%+q) says it %s, want %s", test.text, wrong.Rule, test.want)
			}
		})
	}
}

func TestErrorNamesTheCauseAndTheNextStep(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"a\u202eb", `the name "a\u202eb" contains a character that turns the direction of the text (U+202E): choose another one`},
		{"\x1b]52;c;x\a", `the name "\x1b]52;c;x\a" contains a control character (U+001B): choose another one`},
		{strings.Repeat("x", 40), `the name "` + strings.Repeat("x", 32) + `"… has more than 32 characters: choose another one`},
		{"", `the name "" is empty: choose another one`},
	} {
		_, err := Normalize(test.text)
		if err == nil || err.Error() != test.want {
			t.Errorf("got  %v\nwant %s", err, test.want)
		}
	}
}

func TestT06NamesThatLookAlikeFoldTogether(t *testing.T) {
	for _, test := range []struct{ proves, a, b string }{
		{"case", "Alice", "aLICE"},
		{"a letter with two lower-case forms", "ΝΙΚΟΣ", "νικος"},
		{"a whole name in Cyrillic", "coco", "сосо"},
		{"upper-case Cyrillic", "COCO", "СОСО"},
		{"a whole name in Greek", "ovo", "ονο"},
		{"digits for letters", "bob", "b0b"},
		{"dotless i", "ıgor", "igor"},
		{"a capital I for an l", "AIice", "Alice"},
		{"a Cyrillic letter with diaeresis", "ёё", "ëë"},
	} {
		if Fold(test.a) != Fold(test.b) {
			t.Errorf("%s: %+q and %+q fold to %+q and %+q", test.proves, test.a, test.b, Fold(test.a), Fold(test.b))
		}
	}
}

func TestNamesThatLookDifferentStayApart(t *testing.T) {
	for _, pair := range [][2]string{{"alice", "alicia"}, {"天涯", "天崖"}, {"Élan", "Elan"}, {"Иван", "Иваи"}, {"bob2", "bob3"}} {
		if Fold(pair[0]) == Fold(pair[1]) {
			t.Errorf("%q and %q fold together", pair[0], pair[1])
		}
	}
}

func FuzzNormalize(f *testing.F) {
	for _, seed := range []string{"alice", "天涯", "e\u0301", "ﬁ", "a\u202eb", "\xff", "\u1100\u1161\u11a8", "ΐ", "İ", "ß"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, err := Normalize(text)
		if err != nil {
			if _, ok := errors.AsType[*InvalidError](err); !ok || name != "" {
				t.Fatalf("Normalize(%+q) = %+q, %v", text, name, err)
			}
			for _, char := range err.Error() {
				if char < ' ' || char > '~' && char != '…' {
					t.Fatalf("the error prints %U raw: %s", char, err)
				}
			}
			return
		}
		if again, err := Normalize(name); err != nil || again != name {
			t.Fatalf("Normalize(%+q) = %+q, but again = %+q, %v", text, name, again, err)
		}
		if length := utf8.RuneCountInString(name); length < 1 || length > MaxLength {
			t.Fatalf("%+q has %d characters", name, length)
		}
		if strings.ContainsAny(name, ",;#/@\x00\n\x1b") {
			t.Fatalf("%+q contains a separator or control", name)
		}
		if folded := Fold(name); Fold(folded) != folded {
			t.Fatalf("folding %+q twice gives %+q, then %+q", name, folded, Fold(folded))
		}
	})
}

func BenchmarkNormalize(b *testing.B) {
	for b.Loop() {
		if _, err := Normalize("剑痴Jack99"); err != nil {
			b.Fatal(err)
		}
	}
}
