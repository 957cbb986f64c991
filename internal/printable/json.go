package printable

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON returns encoded, a valid JSON text, with every dangerous character
// written as a \u escape. The value does not change, because outside of
// strings JSON has no such characters but white space, which stays. Encoders
// escape C0 controls on their own, but neither DEL, nor C1, nor bidi controls.
// The result shares encoded's memory where there is nothing to do.
func JSON(encoded []byte) []byte {
	i := indexDangerous(encoded)
	if i < 0 {
		return encoded
	}
	out := append(make([]byte, 0, len(encoded)+16), encoded[:i]...)
	for i < len(encoded) {
		r, size := utf8.DecodeRune(encoded[i:])
		if inJSON(r) {
			out = appendEscape(out, r)
		} else {
			out = append(out, encoded[i:i+size]...)
		}
		i += size
	}
	return out
}

func indexDangerous(encoded []byte) int {
	for i := 0; i < len(encoded); {
		r, size := utf8.DecodeRune(encoded[i:])
		if inJSON(r) {
			return i
		}
		i += size
	}
	return -1
}

// inJSON reports whether r must be escaped in a JSON text. Bytes that are no
// UTF-8 decode as RuneError and are escaped too: a raw 0x9b is a C1 control.
func inJSON(r rune) bool {
	switch r {
	case ' ', '\t', '\n', '\r':
		return false
	}
	return r == utf8.RuneError || dangerous(r)
}

func appendEscape(out []byte, r rune) []byte {
	if r < 0x10000 {
		return fmt.Appendf(out, `\u%04x`, r)
	}
	high, low := utf16.EncodeRune(r)
	return fmt.Appendf(out, `\u%04x\u%04x`, high, low)
}
