// Package name is what a user name, or the name of a circle, may be.
//
// A name is a hint for people, bound to a key that proves who somebody is. It must
// therefore look the same wherever it is shown, look like no other name as far as a
// rule can see to that, and survive a command line, a log line and an invite. Any
// script is welcome: 天涯, Łukasz, عمر.
//
// Normalize gives the one spelling in which a name is stored and compared. Fold
// gives what must be unique: two names with the same fold would be mistaken for one
// another. The package does not know which names are taken.
package name

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// MaxLength is the length of the longest name in characters (runes, after
	// normalisation). Longer names break the columns of listings. A key is longer
	// in its text form (52), so a name is never mistaken for a key.
	MaxLength = 32

	// maxInput bounds what is normalised at all, in bytes: 32 characters of four
	// code points each. Normalising is linear, but a stranger chooses the text.
	maxInput = MaxLength * 4 * utf8.UTFMax

	// maxMarks is the longest run of combining marks, after Unicode's advice
	// (UTS 39 section 5.4). More marks grow over the lines above and below.
	maxMarks = 4
)

// Normalize returns the NFKC form of a user name, or an *InvalidError that says
// which rule the name breaks. Normalize(Normalize(x)) is Normalize(x).
func Normalize(text string) (string, error) {
	if len(text) > maxInput {
		return "", invalid(text, TooLong, 0)
	}
	if !utf8.ValidString(text) {
		return "", invalid(text, NotUTF8, 0)
	}
	name := norm.NFKC.String(text)
	for _, check := range []func(string) (Rule, rune){
		checkLength, checkCharacters, checkSpaces, checkMarks, checkStart, checkVisible, checkScripts,
	} {
		if rule, char := check(name); rule != "" {
			return "", invalid(text, rule, char)
		}
	}
	return name, nil
}

func checkLength(name string) (Rule, rune) {
	switch length := utf8.RuneCountInString(name); {
	case length == 0:
		return Empty, 0
	case length > MaxLength:
		return TooLong, 0
	}
	return "", 0
}

// checkCharacters reports the first character that may not be in any name.
func checkCharacters(name string) (Rule, rune) {
	for _, char := range name {
		if rule := characterRule(char); rule != "" {
			return rule, char
		}
	}
	return "", 0
}

func characterRule(char rune) Rule {
	switch {
	case strings.ContainsRune(",;#/@", char):
		return Separator
	case unicode.Is(unicode.Bidi_Control, char):
		return Bidi
	case unicode.Is(unicode.Cc, char):
		return Control
	case unicode.In(char, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point),
		char == brailleBlank:
		return Invisible
	case char != ' ' && unicode.Is(unicode.Z, char):
		return Space
	case unicode.Is(unicode.Co, char):
		return PrivateUse
	case !unicode.In(char, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Zs):
		return Unassigned
	}
	return ""
}

// brailleBlank is the Braille pattern without dots: Unicode counts it as a symbol,
// the eye as nothing.
const brailleBlank = '\u2800'

func checkSpaces(name string) (Rule, rune) {
	if strings.HasPrefix(name, " ") || strings.HasSuffix(name, " ") || strings.Contains(name, "  ") {
		return Space, ' '
	}
	return "", 0
}

// checkMarks refuses marks that would sit on the text before the name, and piles
// of marks.
func checkMarks(name string) (Rule, rune) {
	run := maxMarks // at the start, one mark is one too many
	for _, char := range name {
		if !unicode.In(char, unicode.Mn, unicode.Me) {
			run = 0
			continue
		}
		if run++; run > maxMarks {
			return Marks, char
		}
	}
	return "", 0
}

func checkStart(name string) (Rule, rune) {
	if name[0] == '-' {
		return Dash, '-'
	}
	return "", 0
}

// checkVisible refuses names like "..": nothing a person could say aloud, and
// directories to programs that use names as file names.
func checkVisible(name string) (Rule, rune) {
	for _, char := range name {
		if unicode.In(char, unicode.L, unicode.N, unicode.S) {
			return "", 0
		}
	}
	return OnlyPunctuation, 0
}

func invalid(text string, rule Rule, char rune) *InvalidError {
	return &InvalidError{Name: text, Rule: rule, Char: char}
}
