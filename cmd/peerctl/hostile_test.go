package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"peerd/internal/printable"
	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

// hostileCommands is a command line for every command there is. NAME is a name, and
// whatever else a daemon calls things, as completion would insert it; FILE is a file
// whose name attacks, too, and EXPORT one with an export.
var hostileCommands = [][]string{
	{"status"}, {"whoami"}, {"peers"}, {"wait", "online", "NAME"}, {"wait", "direct", "NAME"},
	{"send", "NAME", "hi"}, {"send", "NAME", "NAME", "hi", "--wait", "read"}, {"send", "NAME", "hi", "--wait", "sent"},
	{"read"}, {"read", "NAME", "--follow"}, {"history", "NAME"}, {"search", "marker"},
	{"watch", "--count", "8", "--type", "message,presence,path,file,group,sent,receipt,edit"},
	{"edit", "NAME", "hi"}, {"unsend", "NAME"}, {"receipts", "NAME"},
	{"contact", "ls"}, {"contact", "add", "NAME"}, {"contact", "verify", "NAME"}, {"contact", "verify", "NAME", "--yes"},
	{"contact", "trust", "NAME"}, {"contact", "rename", "NAME", "NAME"}, {"contact", "block", "NAME"}, {"contact", "unblock", "NAME"},
	{"contact", "receipts"}, {"contact", "receipts", "NAME", "on"}, {"contact", "rm", "NAME"},
	{"file", "send", "FILE", "NAME"}, {"file", "send", "FILE", "NAME", "--wait", "offered"}, {"file", "ls"},
	{"file", "accept", "NAME"}, {"file", "decline", "NAME"}, {"file", "cancel", "NAME"}, {"file", "policy", "NAME"}, {"file", "policy", "NAME", "auto"},
	{"group", "ls"}, {"group", "create", "NAME", "NAME"}, {"group", "add", "NAME", "NAME"}, {"group", "leave", "NAME"},
	{"export"}, {"import", "EXPORT"}, {"ping", "NAME", "--count", "1"}, {"introduce"}, {"introduce", "circle"}, {"netcheck"}, {"why", "NAME"}, {"version"},
	{"chat", "NAME"}, // without a terminal; its screen is internal/chat's
	{"__complete", "send", ""}, {"__complete", "file", "accept", ""}, {"__complete", "edit", ""}, {"__complete", "contact", "rm", ""},
}

// notHostile are commands that are not above: what cobra adds, what only leads to
// commands, and notify, which has a test of its own because it never ends.
var notHostile = []string{"peerctl", "peerctl contact", "peerctl file", "peerctl group", "peerctl notify"}

// silent are commands that show nothing of what the daemon said.
var silent = []string{"version", "chat", "import", "__complete"}

// TestT19EveryCommandIsTried finds a command that has been added.
func TestT19EveryCommandIsTried(t *testing.T) {
	tried := make(map[string]bool)
	root := (&app{text: &english}).rootCommand()
	for _, line := range hostileCommands {
		if command, _, err := root.Find(line); err == nil {
			tried[command.CommandPath()] = true
		}
	}
	var visit func(*cobra.Command)
	visit = func(command *cobra.Command) {
		path := command.CommandPath()
		if command.Runnable() && !tried[path] && !slices.Contains(notHostile, path) {
			t.Errorf("what does %q do with hostile strings? Add it to hostileCommands", path)
		}
		for _, below := range command.Commands() {
			visit(below)
		}
	}
	visit(root)
}

// nthWords finds the values of every string type that has texts: the n-th of each.
func nthWords(n int) func(reflect.Type) (string, bool) {
	known := make(map[reflect.Type][]string)
	var visit func(reflect.Value)
	visit = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				visit(v.Field(i))
			}
		case reflect.Map:
			for _, key := range v.MapKeys() {
				if key.Type() != reflect.TypeFor[string]() {
					known[key.Type()] = append(known[key.Type()], key.String())
				}
			}
		}
	}
	visit(reflect.ValueOf(english))
	known[reflect.TypeFor[api.Transport]()] = []string{"udp"}
	for kind, words := range known {
		slices.Sort(words)
		known[kind] = slices.Compact(words)
	}
	return func(t reflect.Type) (string, bool) { // for many requests at once: it changes nothing
		list := known[t]
		if len(list) == 0 {
			return "", false
		}
		return list[n%len(list)], true
	}
}

// TestT19NoCommandShowsWhatSteersATerminal runs every command against a daemon that
// has an attack in every string it answers with, and looks at each byte that comes out
// (CVE-2023-43620 is one program of many that had none of this).
func TestT19NoCommandShowsWhatSteersATerminal(t *testing.T) {
	t.Chdir(t.TempDir())
	variants := map[string]*apitest.Hostile{"words that nobody knows": {}, "words that nobody knows, flagged": {Flag: true}}
	for n := range 6 {
		variants["words "+string(rune('1'+n))] = &apitest.Hostile{Word: nthWords(n), Flag: n%2 == 1}
	}
	for code := range english.Daemon {
		variants["error "+string(code)] = &apitest.Hostile{Fail: code}
	}
	variants["error other"] = &apitest.Hostile{Fail: api.CodeOther}
	shown := make(map[string]bool)
	for name, daemon := range variants {
		t.Run(name, func(t *testing.T) {
			socket := apitest.Serve(t, daemon)
			lines := hostileCommands
			if daemon.Fail != "" && daemon.Fail != api.CodeOther {
				lines = [][]string{{"send", "NAME", "hi"}, {"file", "accept", "NAME"}, {"chat", "NAME"}} // all report alike
			}
			for _, line := range lines {
				for _, flags := range [][]string{{"--lang", "en"}, {"--lang", "zh"}, {"--json"}} {
					out := runHostile(t, socket, line, flags)
					shown[line[0]] = shown[line[0]] || strings.Contains(out, apitest.Marker)
				}
			}
		})
	}
	for _, line := range hostileCommands {
		if !shown[line[0]] && !slices.Contains(silent, line[0]) {
			t.Errorf("nothing was shown by %q: the test proves nothing about it", line[0])
		}
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) != 2 {
		t.Errorf("files were made: %v, %v", entries, err)
	}
}

func TestT19NoticesAreHarmless(t *testing.T) {
	message := event[api.Message](t, &apitest.Hostile{})
	other := message
	other.From, other.Text = "x"+message.From, "x"+message.Text
	for _, text := range []*texts{&english, &chinese} {
		for _, level := range []privacy{tellAll, hideText, hideSender} {
			for _, messages := range [][]api.Message{{message}, {message, message}, {message, other}} {
				notice := text.compose(messages, level)
				if problem := steers(notice.summary); problem != "" || strings.Contains(notice.summary, "\n") {
					t.Errorf("summary %s: %q", problem, notice.summary)
				}
				// The line that is printed indents the body.
				if problem := steers("  " + printable.Text(notice.body, "    ")); problem != "" {
					t.Errorf("body %s: %q", problem, notice.body)
				}
			}
		}
	}
}

// event is the hostile event of a type.
func event[E api.Event](t *testing.T, daemon *apitest.Hostile) E {
	t.Helper()
	for e := range daemon.Subscribe(t.Context(), api.EventTypes...) {
		if e, ok := e.(E); ok {
			return e
		}
	}
	t.Fatal("there is no such event")
	panic("unreachable")
}

// runHostile runs a command and returns what came out, once it has looked at it.
func runHostile(t *testing.T, socket string, line, flags []string) string {
	t.Helper()
	patience := hangGuard.String()
	if line[0] == "wait" { // which may be in vain
		patience = "50ms"
	}
	args := append([]string{"--socket", socket, "--timeout", patience}, flags...)
	if line[0] == "__complete" { // which must come first
		args = append(append([]string{"__complete"}, args...), line[1:]...)
	} else {
		args = append(args, line...)
	}
	for i, arg := range args {
		switch arg {
		case "NAME":
			args[i] = apitest.Attack
		case "FILE":
			args[i] = "a\x1b[2J\u202eb"
			os.WriteFile(args[i], nil, 0o600)
		case "EXPORT":
			args[i] = "export"
			os.WriteFile(args[i], []byte(`{"v":1,"owner":"`+"\u202e"+`"}`), 0o600)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), hangGuard)
	defer cancel()
	var out, errs bytes.Buffer
	run(ctx, args, stdio{in: strings.NewReader(""), out: &out, err: &errs})
	for stream, text := range map[string]string{"stdout": out.String(), "stderr": errs.String()} {
		if problem := steers(text); problem != "" {
			t.Errorf("%q %q: %s %s: %q", flags, line, stream, problem, text)
		}
	}
	if flags[0] == "--json" && line[0] != "__complete" {
		checkRows(t, line, out.String())
	}
	return out.String() + errs.String()
}

// steers says what in text acts on a terminal, or passes for a line of ours. It is
// written without a look at how package printable decides.
func steers(text string) string {
	if !utf8.ValidString(text) {
		return "is not UTF-8"
	}
	for _, r := range text {
		invisible := unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) && r != '\u200c' && r != '\u200d'
		if unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Bidi_Control, r) || invisible {
			return fmt.Sprintf("has %U", r)
		}
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.ToLower(line), apitest.Forged) {
			return "has a forged line"
		}
	}
	return ""
}

// checkRows fails unless each line is a JSON value whose strings are what the daemon
// said, byte for byte, but for what is no UTF-8.
func checkRows(t *testing.T, line []string, out string) {
	t.Helper()
	want := strings.ToValidUTF8(apitest.Attack, "\ufffd")
	for row := range strings.Lines(out) {
		var value any
		if err := json.Unmarshal([]byte(row), &value); err != nil {
			if line[0] != "version" && !slices.Contains(silent, line[0]) {
				t.Errorf("%q: %q is no JSON: %v", line, row, err)
			}
			continue
		}
		if strings.Contains(row, apitest.Marker) && !strings.Contains(sprintStrings(value), want) {
			t.Errorf("%q: the attack has changed on its way: %q", line, row)
		}
	}
}

// sprintStrings joins all strings of a JSON value.
func sprintStrings(value any) (all string) {
	switch value := value.(type) {
	case string:
		return strings.ReplaceAll(value, "\ufffd\ufffd", "\ufffd")
	case []any:
		for _, v := range value {
			all += sprintStrings(v)
		}
	case map[string]any:
		for _, v := range value {
			all += sprintStrings(v)
		}
	}
	return all
}
