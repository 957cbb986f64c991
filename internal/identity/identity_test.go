package identity

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func generate(t testing.TB) *Identity {
	t.Helper()
	identity, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

func TestEveryGeneratedIdentityIsAnotherOne(t *testing.T) {
	if a, b := generate(t), generate(t); a.Key() == b.Key() {
		t.Errorf("two identities share the key %s", a.Key())
	}
}

func TestSignatureVerifiesWithThePublicKey(t *testing.T) {
	identity, message := generate(t), []byte("peerd test v1")
	key := identity.Key()
	if !ed25519.Verify(key[:], message, identity.Sign(message)) {
		t.Error("the signature does not verify")
	}
}

// The canary is the private key in every spelling a printer could choose.
func TestT21NoPrinterShowsThePrivateKey(t *testing.T) {
	identity := generate(t)
	holder := struct {
		Name     string
		identity Identity // fmt may not call the methods of an unexported field
	}{"holder", *identity}

	printed := map[string]string{
		"Error of a wrapping error": fmt.Errorf("start %v: %w", identity, ErrWeakKey).Error(),
		"Print":                     fmt.Sprint(identity, *identity),
		"JSON of the pointer":       marshal(t, identity),
		"JSON of the value":         marshal(t, map[string]any{"identity": *identity}),
		"zerolog":                   zerologged(identity),
		"slog":                      slogged(identity),
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b", "%o"} {
		printed["pointer "+verb] = fmt.Sprintf(verb, identity)
		printed["value "+verb] = fmt.Sprintf(verb, *identity)
		printed["unexported field "+verb] = fmt.Sprintf(verb, holder)
	}
	for how, text := range printed {
		for _, canary := range canaries(identity.secret.private.Seed()) {
			if strings.Contains(text, canary) || strings.Contains(strings.ToLower(text), canary) {
				t.Errorf("%s shows the private key: %s", how, text)
			}
		}
		if strings.HasPrefix(how, "value") && !strings.Contains(text, identity.Key().String()) {
			t.Errorf("%s does not say whose identity it is: %s", how, text)
		}
	}
}

// canaries are spellings of the first eight bytes of the seed, the bytes as they are and
// the others in lower case: hexadecimal, base64, and the decimal list that %v prints.
func canaries(seed []byte) []string {
	head := seed[:8]
	decimal := strings.Trim(fmt.Sprint(head), "[]")
	return []string{
		string(head), // in lower case all that is no UTF-8 would look the same
		hex.EncodeToString(head),
		strings.ToLower(base64.StdEncoding.EncodeToString(head)[:10]),
		decimal,
		strings.ReplaceAll(decimal, " ", ","),
	}
}

func marshal(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func zerologged(identity *Identity) string {
	var out bytes.Buffer
	logger := zerolog.New(&out)
	logger.Info().Any("any", identity).Stringer("stringer", identity).Interface("value", *identity).Send()
	return out.String()
}

func slogged(identity *Identity) string {
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "pointer", identity, "value", *identity)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "pointer", identity, "value", *identity)
	return out.String()
}
