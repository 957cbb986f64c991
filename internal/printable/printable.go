// Package printable makes text from strangers fit to be shown: names, messages
// and error texts of other peers, on their way to a terminal, a page or a row
// of JSON. It serves the commands and peer/api.
//
// Dangerous is whatever acts on the terminal instead of appearing on it (escape
// sequences can rename windows, write the clipboard or answer as if typed), or
// shows text in another order than it has (Trojan Source, CVE-2021-42574). It
// is replaced by a visible escape such as \x1b, never dropped: the reader sees
// that something was there.
//
// It does not judge whether a text is true, nor whether two names look alike;
// that is package name's.
package printable

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns text for one line of a terminal: line breaks and tabs are
// escaped like everything else that does not print.
func Line(text string) string {
	var b strings.Builder
	writeLine(&b, text)
	return b.String()
}

// Text returns text that may span lines. Each line after the first begins with
// indent, so that no line of a message can pass for one of ours. CRLF counts
// as a line break and a tab becomes four spaces.
func Text(text, indent string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\t", "    ")
	var b strings.Builder
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			b.WriteString("\n" + indent)
		}
		writeLine(&b, line)
	}
	return b.String()
}

func writeLine(b *strings.Builder, text string) {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(b, `\x%02x`, text[i])
		case !dangerous(r):
			b.WriteString(text[i : i+size])
		case r < 0x100:
			fmt.Fprintf(b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			fmt.Fprintf(b, `\U%08x`, r)
		}
		i += size
	}
}

// dangerous reports whether r acts instead of appearing: controls, line and
// paragraph separators, and invisible format characters. The two joiners stay,
// because Persian, Indic scripts and emoji are misspelt without them; so do the
// few format characters that have a shape.
func dangerous(r rune) bool {
	const zeroWidthNonJoiner, zeroWidthJoiner = '\u200c', '\u200d'
	switch {
	case r == zeroWidthNonJoiner || r == zeroWidthJoiner:
		return false
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}
