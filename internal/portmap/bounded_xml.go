package portmap

import (
	"encoding/xml"
	"errors"
	"io"
)

// What a description may consist of: encoding/xml and goupnp spend up to four
// kilobytes of memory on an element of nine, and a router that is not ours chooses
// what we read. Real ones have about a hundred elements, three devices and ten services.
const (
	maxElements = 500
	maxDepth    = 16
	// maxParts bounds devices and services, the dearest elements.
	maxParts = 64
	// maxRun bounds a tag with its attributes, a comment and a text, in bytes: the
	// decoder holds each whole.
	maxRun = 4 << 10
)

var errBomb = errors.New("upnp: the answer is larger or deeper than any router's")

// boundedXML passes on the tokens of one document while they are within bounds.
type boundedXML struct {
	raw                    *xml.Decoder
	elements, parts, depth int
}

// newBoundedXML returns a decoder of what r holds.
func newBoundedXML(r io.Reader) *xml.Decoder {
	return xml.NewTokenDecoder(&boundedXML{raw: xml.NewDecoder(&boundedRuns{from: r})})
}

// Token implements xml.TokenReader.
func (b *boundedXML) Token() (xml.Token, error) {
	token, err := b.raw.RawToken()
	switch t := token.(type) {
	case xml.StartElement:
		b.elements++
		b.depth++
		if t.Name.Local == "device" || t.Name.Local == "service" {
			b.parts++
		}
	case xml.EndElement:
		b.depth--
	}
	if b.elements > maxElements || b.parts > maxParts || b.depth > maxDepth {
		return nil, errBomb
	}
	return token, err
}

// boundedRuns passes on bytes while a tag begins every maxRun of them.
type boundedRuns struct {
	from io.Reader
	run  int // since the last '<'
}

func (b *boundedRuns) Read(into []byte) (int, error) {
	n, err := b.from.Read(into)
	for _, octet := range into[:n] {
		if b.run++; octet == '<' {
			b.run = 0
		}
		if b.run > maxRun {
			return 0, errBomb
		}
	}
	return n, err
}
