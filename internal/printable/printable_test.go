package printable

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestLine(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"plain text is left alone":                 {"hello, world", "hello, world"},
		"Chinese is left alone":                    {"你好，世界", "你好，世界"},
		"Hebrew without bidi controls stays":       {"שלום", "שלום"},
		"an emoji family keeps its joiners":        {"👨‍👩‍👧", "👨‍👩‍👧"},
		"Persian keeps its non-joiner":             {"می\u200cخواهم", "می\u200cخواهم"},
		"an Arabic number sign has a shape":        {"\u0600", "\u0600"},
		"OSC 52 cannot write the clipboard":        {"\x1b]52;c;aGk=\x07", `\x1b]52;c;aGk=\x07`},
		"CSI cannot clear the screen":              {"a\x1b[2Jb", `a\x1b[2Jb`},
		"a carriage return cannot overwrite":       {"safe\rEVIL", `safe\x0dEVIL`},
		"a newline cannot add a line":              {"a\nerror: b", `a\x0aerror: b`},
		"a raw C1 byte is shown":                   {"a\x9b2Jb", `a\x9b2Jb`},
		"an encoded C1 character is shown":         {"a\u009b2Jb", `a\x9b2Jb`},
		"right-to-left override is shown":          {"exe.\u202etxt", `exe.\u202etxt`},
		"isolates are shown":                       {"\u2066x\u2069", `\u2066x\u2069`},
		"line separators are shown":                {"a\u2028b", `a\u2028b`},
		"tag characters cannot smuggle text":       {"a\U000e0041", `a\U000e0041`},
		"delete is shown":                          {"a\x7fb", `a\x7fb`},
		"zero is shown":                            {"a\x00b", `a\x00b`},
		"a byte order mark is shown":               {"\ufeffa", `\ufeffa`},
		"the replacement character itself is text": {"\ufffd", "\ufffd"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Line(c.in); got != c.want {
				t.Errorf("Line(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestText(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"one line needs no indent":        {"hi", "hi"},
		"following lines are indented":    {"hi\nerror: fake", "hi\n  error: fake"},
		"a leading line break is kept":    {"\nfake", "\n  fake"},
		"a trailing line break is kept":   {"hi\n", "hi\n  "},
		"CRLF is a line break":            {"a\r\nb", "a\n  b"},
		"a lone carriage return is shown": {"a\rb", `a\x0db`},
		"a tab is blanks":                 {"a\tb", "a    b"},
		"escapes are shown on every line": {"a\n\x1b[2J", "a\n  \\x1b[2J"},
		"nothing stays nothing":           {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Text(c.in, "  "); got != c.want {
				t.Errorf("Text(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestJSON(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"harmless JSON is left alone":      {`{"a":"你好"}` + "\n", `{"a":"你好"}` + "\n"},
		"delete is escaped":                {"\"\x7f\"", `"\u007f"`},
		"C1 is escaped":                    {"\"\u009b\"", `"\u009b"`},
		"a raw C1 byte is escaped":         {"\"\x9b\"", `"\ufffd"`},
		"bidi is escaped":                  {"\"\u202e\"", `"\u202e"`},
		"beyond the BMP it takes a pair":   {"\"\U000e0041\"", `"\udb40\udc41"`},
		"white space between values stays": {"{\t\"a\": 1\r\n}", "{\t\"a\": 1\r\n}"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := JSON([]byte(c.in)); string(got) != c.want {
				t.Errorf("JSON(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

var seeds = []string{"hello", "你好", "\x1b]52;c;aGk=\x07", "a\x9bb", "\u202e", "a\r\nb\tc", "👨‍👩‍👧", "\xff\xfe", "\U000e0041"}

// FuzzText checks the promise itself: no control but our own line breaks, no
// bidi control, no invalid UTF-8, and every line but the first indented.
func FuzzText(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for i, line := range strings.Split(Text(text, "  "), "\n") {
			if i > 0 && !strings.HasPrefix(line, "  ") {
				t.Errorf("line %d of Text(%q) is not indented: %q", i, text, line)
			}
			assertSafe(t, line)
		}
		assertSafe(t, Line(text))
	})
}

// FuzzJSON checks that escaping is safe and changes no value.
func FuzzJSON(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		encoded, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		var before, after string
		safe := JSON(bytes.Clone(encoded))
		if err := json.Unmarshal(safe, &after); err != nil {
			t.Fatalf("JSON(%q) = %q is no JSON: %v", encoded, safe, err)
		}
		if err := json.Unmarshal(encoded, &before); err != nil || before != after {
			t.Errorf("JSON(%q) changed the value to %q", encoded, after)
		}
		assertSafe(t, string(safe))
	})
}

// assertSafe states what must never reach a terminal, independently of how
// dangerous is written.
func assertSafe(t *testing.T, out string) {
	t.Helper()
	if !utf8.ValidString(out) {
		t.Errorf("%q is not valid UTF-8", out)
	}
	for _, r := range out {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			t.Errorf("%q contains %U", out, r)
		}
	}
}
