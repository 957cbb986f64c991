package safetycode

import (
	"errors"
	"strings"
	"testing"

	"peerd/wire"
)

func TestCardSaysWhoseItIsAndWhomItIsFor(t *testing.T) {
	card := Card(alice, bob)
	for name, text := range map[string]string{
		"as scanned":                 card,
		"with a line break":          " " + card + "\r\n",
		"by a scanner that lowers":   strings.ToLower(card),
		"from what alphanumeric has": strings.Map(alphanumeric, card),
	} {
		owner, reader, err := ReadCard(text)
		if owner != alice || reader != bob || err != nil {
			t.Errorf("%s: read %s for %s, %v", name, owner, reader, err)
		}
	}
	if Card(alice, bob) == Card(bob, alice) {
		t.Error("both sides show the same card: nobody can tell whose was scanned")
	}
}

// alphanumeric drops what the small mode of QR codes has no character for.
func alphanumeric(char rune) rune {
	if strings.ContainsRune("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", char) {
		return char
	}
	return -1
}

func TestWhatIsNoCard(t *testing.T) {
	card := Card(alice, bob)
	for name, text := range map[string]string{
		"nothing":         "",
		"a web address":   "https://example.org/",
		"words":           Of(alice, bob).Words(),
		"cut short":       card[:len(card)-1],
		"one key only":    card[:len(cardBegin)+52],
		"three keys":      card + ":" + card[len(cardBegin):len(cardBegin)+52],
		"another version": strings.Replace(card, ":1:", ":2:", 1),
	} {
		if owner, reader, err := ReadCard(text); !errors.Is(err, ErrNoCard) || owner != (wire.Key{}) || reader != (wire.Key{}) {
			t.Errorf("%s: read %s for %s, %v", name, owner, reader, err)
		}
	}
}
