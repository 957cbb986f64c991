// Package safetycode computes what two people compare to be sure that nobody is
// between them: a code of both their keys. It is equal on both sides when, and
// practically only when, each has the other's true key. It serves the daemon.
//
//	SHA-512("peerd safety code v1" ‖ lower key ‖ higher key)
//	├─ bytes 0–59  sixty digits, each five from five bytes: 19734 00258 …
//	└─ bytes 0–19  ten words to be read out, each from two bytes: lusab babad …
//
// Whoever wants to sit in between needs two keys, one to show to either side,
// that give both the same code. To find them takes about as many tries as the
// square root of the number of codes: 2^99 for the digits, 2^80 for the words.
//
// The package does not know whether anybody compared anything.
package safetycode

import (
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"peerd/wire"
)

const (
	// label keeps the code apart from other hashes of two keys. Another one
	// gives other codes, and people whose programs differ find no match.
	label = "peerd safety code v1"

	digitGroups = 12
	wordCount   = 10
)

// A Code belongs to two keys. The zero Code belongs to none.
type Code [sha512.Size]byte

// Of returns the code of two keys, in whatever order they are given.
func Of(a, b wire.Key) Code {
	if a.Compare(b) > 0 {
		a, b = b, a
	}
	return sha512.Sum512(slices.Concat([]byte(label), a[:], b[:]))
}

// Digits returns the code as twelve groups of five digits.
func (c Code) Digits() string {
	var groups []string
	for five := range slices.Chunk(c[:5*digitGroups], 5) {
		number := uint64(five[0])<<32 | uint64(binary.BigEndian.Uint32(five[1:]))
		groups = append(groups, fmt.Sprintf("%05d", number%100_000))
	}
	return strings.Join(groups, " ")
}

// The sounds of a word are those of proquints (Wilkerson, A Proposal for
// Proquints, 2009): people of most languages can say them and tell them apart.
const (
	consonants = "bdfghjklmnprstvz"
	vowels     = "aiou"
)

// Words returns the code as ten words of five letters.
func (c Code) Words() string {
	var words []string
	for two := range slices.Chunk(c[:2*wordCount], 2) {
		n := binary.BigEndian.Uint16(two)
		words = append(words, string([]byte{
			consonants[n>>12], vowels[n>>10&3], consonants[n>>6&15], vowels[n>>4&3], consonants[n&15],
		}))
	}
	return strings.Join(words, " ")
}

// Matches reports whether text is the code, all of it, as digits or as words, in
// either case and however it is grouped.
func (c Code) Matches(text string) bool {
	plain := squeeze(text)
	return plain == squeeze(c.Digits()) || plain == squeeze(c.Words())
}

// squeeze leaves letters and digits.
func squeeze(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}
