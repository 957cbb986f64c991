package name

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Fold returns what must be unique among names: two names with the same fold look
// alike to a person. Letters lose their case, and letters of other scripts become
// the Latin letter they are drawn like, so that Cyrillic сосо does not pass for
// coco. The result is for comparing only and never shown. The name must be
// normalised.
//
// The table is a short one, for whole names in another script; mixed scripts
// Normalize refuses. It is not Unicode's full list of confusables (UTS 39), which
// would merge too many honest names. What it merges already costs something: who
// comes after Kal cannot be Kai.
func Fold(name string) string {
	// Decomposed, so that Cyrillic ё is found as the е it is drawn with.
	letters := lower(norm.NFKD.String(name))
	return norm.NFKC.String(strings.Map(func(char rune) rune {
		if latin, ok := lookalikes[char]; ok {
			return latin
		}
		return char
	}, letters))
}

// lower takes the detour over upper case, where letters with two lower-case forms
// (σ and ς) meet.
func lower(text string) string { return strings.ToLower(strings.ToUpper(text)) }

// lookalikes are lower-case letters drawn like a Latin one in common typefaces.
var lookalikes = map[rune]rune{
	// Cyrillic
	'а': 'a', 'ԁ': 'd', 'е': 'e', 'һ': 'h', 'і': 'l', 'ј': 'j', 'о': 'o', 'р': 'p',
	'ԛ': 'q', 'с': 'c', 'ѕ': 's', 'ԝ': 'w', 'х': 'x', 'у': 'y', 'ӏ': 'l',
	// Greek
	'α': 'a', 'ι': 'l', 'κ': 'k', 'ν': 'v', 'ο': 'o', 'ρ': 'p', 'υ': 'u', 'χ': 'x',
	// Armenian
	'օ': 'o', 'ո': 'n', 'ս': 'u', 'հ': 'h', 'ց': 'g',
	// Latin letters, digits and symbols that pass for one another; i because its
	// capital is an l to many eyes: AIice
	'i': 'l', 'ı': 'l', '1': 'l', '|': 'l', '0': 'o', 'ɑ': 'a', 'ɡ': 'g',
}
