package wire

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// ClassicEncoding is how a classic user's program writes text. A door
// recognises it from the first datagram and answers in kind.
type ClassicEncoding uint8

// The encodings.
const (
	// ClassicUTF8 is UTF-8 throughout.
	ClassicUTF8 ClassicEncoding = iota
	// ClassicDotNET is what the libraries of .NET do unasked: datagrams are
	// UTF-16LE (Encoding.Unicode), and the list is a length and UTF-8
	// (BinaryWriter.Write(string)).
	ClassicDotNET
)

// String returns utf-8 or dotnet.
func (e ClassicEncoding) String() string { return word(e, "utf-8", "dotnet") }

// classicEncodingOf tells the encodings apart: every message begins with an
// ASCII letter, whose second octet in UTF-16LE is 0, and no UTF-8 text has one.
func classicEncodingOf(datagram []byte) ClassicEncoding {
	if len(datagram) >= 2 && datagram[1] == 0 {
		return ClassicDotNET
	}
	return ClassicUTF8
}

// text decodes a whole datagram.
func (e ClassicEncoding) text(datagram []byte) (string, error) {
	if len(datagram) > MaxClassicDatagram {
		return "", errNotClassic
	}
	if e == ClassicDotNET {
		return utf16LE(datagram)
	}
	if !utf8.Valid(datagram) {
		return "", errNotClassic
	}
	return string(datagram), nil
}

// utf16LE decodes little-endian UTF-16. Half a surrogate pair is an error.
func utf16LE(datagram []byte) (string, error) {
	if len(datagram)%2 != 0 {
		return "", errNotClassic
	}
	text := make([]byte, 0, len(datagram))
	for rest := datagram; len(rest) > 0; rest = rest[2:] {
		r := rune(binary.LittleEndian.Uint16(rest))
		if utf16.IsSurrogate(r) {
			if rest = rest[2:]; len(rest) == 0 {
				return "", errNotClassic
			}
			r = utf16.DecodeRune(r, rune(binary.LittleEndian.Uint16(rest)))
			if r == utf8.RuneError {
				return "", errNotClassic
			}
		}
		text = utf8.AppendRune(text, r)
	}
	return string(text), nil
}

// append appends text, which is valid UTF-8, as a datagram.
func (e ClassicEncoding) append(b []byte, text string) []byte {
	if e != ClassicDotNET {
		return append(b, text...)
	}
	for _, unit := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}

// The first octets of a talk in either encoding. The first of all is that of some
// QUIC packets too: those with a short header, whose next octets are the
// connection ID that the receiver has chosen.
const (
	talkInUTF8  = "talk,"
	talkInUTF16 = "t\x00a\x00l\x00k\x00,\x00"
)

// isClassicTalk reports whether d can only be a talk, since no connection ID of
// ours begins like one.
func isClassicTalk(d []byte) bool { return beginsWith(d, talkInUTF8) || beginsWith(d, talkInUTF16) }

func beginsWith(d []byte, text string) bool {
	return len(d) >= len(text) && string(d[:len(text)]) == text
}

// MistakenForClassic reports whether Classify could take a QUIC packet with this
// connection ID, of four octets or more, for a classic talk: whoever chooses
// connection IDs must not choose it.
func MistakenForClassic(connectionID []byte) bool {
	whole := min(len(connectionID), len(talkInUTF16)-1)
	return beginsWith(connectionID, talkInUTF8[1:]) || beginsWith(connectionID, talkInUTF16[1:1+whole])
}
