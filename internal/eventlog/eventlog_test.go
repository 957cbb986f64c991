package eventlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rs/zerolog"

	"peerd/internal/exitcode"
)

// forged is what a peer would like to have logged, after all that acts on terminals.
const forged = "Marker\x1b[2J\x1b]52;c;aGk=\x07 \r\b \u009b2J \x9b2J \u202e\u2066 \u2028\u2029 \x7f\x00 \u200b\U000e0041 \"," +
	"\n{\"level\":\"info\",\"message\":\"login\"}\r\n{\"level\":\"info\",\"message\":\"login\"}\n2026-11-21 08:00 INF login\n"

// logHostile logs one event with hostile strings in every kind of field.
func logHostile(log zerolog.Logger) {
	log.Warn().Str("name", forged).Err(errors.New(forged)).Bytes("bytes", []byte(forged)).Strs("list", []string{forged}).
		Any("any", map[string]string{"key": forged}).AnErr("why", errors.New(forged)).Msg(forged)
}

func isOneHarmlessLine(t *testing.T, out string) {
	t.Helper()
	line, rest, ended := strings.Cut(out, "\n")
	if !ended || rest != "" || strings.Count(line, "Marker") != 7 {
		t.Fatalf("it is not one whole record: %q", out)
	}
	if !utf8.ValidString(line) {
		t.Errorf("not UTF-8: %q", line)
	}
	for _, r := range line {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			t.Fatalf("%U got through: %q", r, line)
		}
	}
}

func TestT20OneEventIsOneRecordOfJSON(t *testing.T) {
	var out bytes.Buffer
	log, err := New(&out, "debug", false)
	if err != nil {
		t.Fatal(err)
	}
	logHostile(log)
	isOneHarmlessLine(t, out.String())
	var event map[string]any
	if err := json.Unmarshal(out.Bytes(), &event); err != nil {
		t.Fatal(err)
	}
	want := strings.ToValidUTF8(forged, "\ufffd")
	if event["name"] != want || event["message"] != want || event["level"] != "warn" {
		t.Errorf("the event has changed: %q", event)
	}
}

func TestT20OneEventIsOneLineOnATerminal(t *testing.T) {
	var out bytes.Buffer
	logHostile(zerolog.New(text(&out, true)))
	isOneHarmlessLine(t, out.String())
}

func TestOnlyLevelsThereAre(t *testing.T) {
	for _, level := range []string{"debug", "info", "warn", "error"} {
		if _, err := New(io.Discard, level, true); err != nil {
			t.Error(err)
		}
	}
	for _, level := range []string{"", "loud"} {
		if _, err := New(io.Discard, level, true); exitcode.Of(err) != exitcode.Usage {
			t.Errorf("%q: %v", level, err)
		}
	}
}
