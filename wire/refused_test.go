package wire

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"peerd/wire/internal/pb"
)

var refusedCodec = bodyCodec("refused", ParseRefused)

func TestRefusedVectors(t *testing.T) {
	refusedCodec.testVectors(t,
		example[Refused]{"the name is taken", Refused{Code: RefusedNameTaken}},
		example[Refused]{"with detail", Refused{Code: RefusedMalformed, Detail: "parse hello: instance is missing"}},
		example[Refused]{"a code from the future is kept", Refused{Code: 200, Detail: "full moon"}},
	)
}

func TestRefusedRefuses(t *testing.T) {
	testRefusals(t, ParseRefused,
		refusal{"no code", &pb.Refused{Detail: "because"}, "code is missing"},
		refusal{"code 257, which is not code 1", &pb.Refused{Code: 257}, "code 257 is out of range"},
		refusal{"an essay", &pb.Refused{Code: 1, Detail: strings.Repeat("a", MaxDetail+1)}, "detail has 257 bytes"},
	)
}

func TestRefusedIsAnErrorThatACallerFinds(t *testing.T) {
	err := fmt.Errorf("log in: %w", Refused{Code: RefusedNameTaken, Detail: "alice"})
	refused, ok := errors.AsType[Refused](err)
	if !ok || refused.Code != RefusedNameTaken {
		t.Fatalf("found %+v, %v", refused, ok)
	}
	if got, want := err.Error(), "log in: the name belongs to another key: alice"; got != want {
		t.Errorf("error is %q, want %q", got, want)
	}
	if got, want := refused.Hint(), "choose another name with --name"; got != want {
		t.Errorf("hint is %q, want %q", got, want)
	}
}

func TestEveryRefusedCodeHasWordCauseAndHint(t *testing.T) {
	seen := map[string]bool{}
	for code := RefusedVersion; code <= RefusedBanned; code++ {
		refused := Refused{Code: code}
		for _, text := range []string{code.String(), refused.Error(), refused.Hint()} {
			if text == "" || strings.Contains(text, "code ") || unicode.IsUpper(rune(text[0])) {
				t.Errorf("code %d: bad text %q", code, text)
			}
		}
		if seen[code.String()] {
			t.Errorf("two codes are called %q", code)
		}
		seen[code.String()] = true
	}
}

func TestRefusedCodeFromTheFutureStillReads(t *testing.T) {
	refused := Refused{Code: 99}
	if got, want := refused.Error(), "the rendezvous refused the login: code 99"; got != want {
		t.Errorf("error is %q, want %q", got, want)
	}
	if !strings.Contains(refused.Hint(), "update peerd") {
		t.Errorf("hint is %q", refused.Hint())
	}
}

func FuzzParseRefused(f *testing.F) { refusedCodec.fuzz(f) }
