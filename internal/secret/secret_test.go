package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func TestT21NoPrinterShowsASecret(t *testing.T) {
	canary := []byte("canary: 32 bytes of private key.")
	hidden := New(canary)
	holder := struct {
		Name   string
		Shown  Bytes
		hidden Bytes // fmt may not call the methods of an unexported field
		inside []Bytes
	}{"holder", hidden, hidden, []Bytes{hidden}}
	var printed bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b", "%o", "%c", "%U"} {
		fmt.Fprintf(&printed, verb+"\n", hidden)
		fmt.Fprintf(&printed, verb+"\n", &hidden)
		fmt.Fprintf(&printed, verb+"\n", holder)
		fmt.Fprintf(&printed, verb+"\n", &holder)
	}
	fmt.Fprintln(&printed, hidden, holder, errors.Join(fmt.Errorf("start: %v", hidden)))
	if err := json.NewEncoder(&printed).Encode(map[string]any{"a": hidden, "b": holder, "c": &hidden}); err != nil {
		t.Fatal(err)
	}
	logger := zerolog.New(&printed)
	logger.Info().Any("any", hidden).Interface("holder", holder).Stringer("stringer", hidden).Send()
	slog.New(slog.NewTextHandler(&printed, nil)).Info("x", "bytes", hidden, "holder", holder)
	slog.New(slog.NewJSONHandler(&printed, nil)).Info("x", "bytes", hidden, "holder", holder)

	head := canary[:8]
	decimal := strings.Trim(fmt.Sprint(head), "[]")
	for _, spelling := range []string{
		string(head), hex.EncodeToString(head), base64.StdEncoding.EncodeToString(head)[:10],
		decimal, strings.ReplaceAll(decimal, " ", ","),
	} {
		if strings.Contains(strings.ToLower(printed.String()), strings.ToLower(spelling)) {
			t.Errorf("a printer shows the secret as %q", spelling)
		}
	}
	if !strings.Contains(printed.String(), shown) {
		t.Error("nothing says that there is a secret")
	}
}

func TestSecretsAreRevealedOnRequestOnly(t *testing.T) {
	if got := New([]byte("x")).Reveal(); string(got) != "x" {
		t.Errorf("revealed %q", got)
	}
	if got := New(nil).Reveal(); got != nil || New([]byte{}).Reveal() != nil {
		t.Errorf("of no secret %q was revealed", got)
	}
}
