package safetycode

import (
	"errors"
	"strings"

	"peerd/wire"
)

// A card is what one side shows for the other to scan. It has both keys themselves:
// whose side it is, then whom it is for. So the scan says more than that two hashes
// are equal, and a card is good for one reader only.
//
//	PEERD-VERIFY:1:SUSIUFSC…Y57A:QULGX3ZR…D4XA
//
// Letters are upper case, because a QR code needs two thirds of the room for them.
const cardBegin = "PEERD-VERIFY:1:"

// ErrNoCard means that a text is no card of this version.
var ErrNoCard = errors.New("not what contact verify --qr shows")

// Card returns what owner shows to reader.
func Card(owner, reader wire.Key) string {
	return cardBegin + strings.ToUpper(owner.String()+":"+reader.String())
}

// ReadCard reads what was scanned, in either case and with space around it.
func ReadCard(text string) (owner, reader wire.Key, err error) {
	keys, ok := strings.CutPrefix(strings.ToUpper(strings.TrimSpace(text)), cardBegin)
	if !ok {
		return owner, reader, ErrNoCard
	}
	first, second, _ := strings.Cut(strings.ToLower(keys), ":")
	if owner, err = wire.ParseKey(first); err == nil {
		reader, err = wire.ParseKey(second)
	}
	if err != nil {
		return wire.Key{}, wire.Key{}, ErrNoCard
	}
	return owner, reader, nil
}
