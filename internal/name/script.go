package name

import (
	"maps"
	"slices"
	"unicode"
)

// mixable are the sets of scripts that may meet in one name: the "highly
// restrictive" level of Unicode (UTS 39 section 5.2). Everything else with two
// scripts in it is either a mistake or a disguise.
var mixable = [][]string{
	{"Latin", "Han", "Hiragana", "Katakana"}, // Japanese
	{"Latin", "Han", "Bopomofo"},             // Chinese
	{"Latin", "Han", "Hangul"},               // Korean
}

// checkScripts refuses names whose letters come from scripts that do not belong
// together. Digits, symbols and marks belong to all.
func checkScripts(name string) (Rule, rune) {
	var seen []string
	for _, char := range name {
		script := scriptOf(char)
		if script == "" || slices.Contains(seen, script) {
			continue
		}
		if seen = append(seen, script); !together(seen) {
			return MixedScripts, char
		}
	}
	return "", 0
}

func together(scripts []string) bool {
	if len(scripts) == 1 {
		return true
	}
	return slices.ContainsFunc(mixable, func(set []string) bool {
		for _, script := range scripts {
			if !slices.Contains(set, script) {
				return false
			}
		}
		return true
	})
}

// scriptOf returns the script of a character, or "" for one that belongs to all
// scripts or whose script Go does not know.
func scriptOf(char rune) string {
	if unicode.In(char, unicode.Common, unicode.Inherited) {
		return ""
	}
	for _, script := range scriptNames {
		if unicode.Is(unicode.Scripts[script], char) {
			return script
		}
	}
	return ""
}

// scriptNames lists the frequent scripts first, which settles nearly every name.
var scriptNames = append([]string{"Latin", "Han", "Cyrillic"}, slices.Sorted(maps.Keys(unicode.Scripts))...)
