package deploy

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A commandLine is a call of one of our programs in a file for operators, comments
// included.
type commandLine struct {
	file    string
	program string   // rendezvous, peerd or peerctl
	verbs   []string // run, or invite create
	flags   []string // --state, …
}

var (
	word    = regexp.MustCompile(`[\w./$@{}:=-]+`)
	verb    = regexp.MustCompile(`^[a-z]+$`)
	flag    = regexp.MustCompile(`^(?:--[a-z]|-[a-z]$)`)
	target  = regexp.MustCompile(`^(?:FROM \w+ AS|\s+target:) (\w+)$`)
	execute = regexp.MustCompile(`^(?:CMD|\s+command:) \[`)
	ignored = regexp.MustCompile(`^(?:Description|description|title)=`)
)

// commandLines finds the calls in a file. A line without a program's name, as in a
// container's CMD, calls the program of the target it stands in.
func commandLines(file, text string) (found []commandLine) {
	var current string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if match := target.FindStringSubmatch(line); match != nil {
			current = match[1]
		}
		if ignored.MatchString(line) {
			continue
		}
		words := word.FindAllString(line, -1)
		if execute.MatchString(line) {
			words[0] = current // in place of CMD or command:
		}
		if call, ok := parseCall(file, words); ok {
			found = append(found, call)
		}
	}
	return found
}

// parseCall finds the last program named in a line that is followed by a verb.
func parseCall(file string, words []string) (call commandLine, found bool) {
	for i, w := range words {
		name := filepath.Base(strings.TrimPrefix(w, "ExecStart="))
		isProgram := name == "rendezvous" || name == "peerd" || name == "peerctl"
		if !isProgram || i+1 == len(words) || !verb.MatchString(words[i+1]) {
			continue
		}
		call, found = commandLine{file: file, program: name}, true
		for _, w := range words[i+1:] {
			if flag.MatchString(w) {
				name, _, _ := strings.Cut(w, "=")
				call.flags = append(call.flags, name)
			} else if len(call.flags) == 0 && verb.MatchString(w) {
				call.verbs = append(call.verbs, w)
			}
		}
	}
	return call, found
}

// A manual answers what our programs accept, from their own help.
type manual struct {
	t    *testing.T
	bin  string
	help map[string]string // by program and verbs
}

func newManual(t *testing.T) *manual {
	return &manual{t: t, bin: programs(t), help: map[string]string{}}
}

// of returns the help of a program's command.
func (m *manual) of(program string, verbs ...string) string {
	m.t.Helper()
	key := strings.Join(append([]string{program}, verbs...), " ")
	if m.help[key] == "" {
		out, err := exec.Command(filepath.Join(m.bin, program), append(verbs, "--help")...).CombinedOutput()
		if err != nil {
			m.t.Fatalf("%s --help: %v\n%s", key, err, out)
		}
		m.help[key] = string(out)
	}
	return m.help[key]
}

// verbs returns as many words of a call as are commands and commands of these:
// none when the call is only words of a sentence. complete is false when one more
// is needed.
func (m *manual) verbs(call commandLine) (known []string, complete bool) {
	m.t.Helper()
	for _, verb := range call.verbs {
		if !regexp.MustCompile(`(?m)^  ` + verb + ` +\S`).MatchString(m.of(call.program, known...)) {
			break
		}
		known = append(known, verb)
	}
	return known, !strings.Contains(m.of(call.program, known...), "\nAvailable Commands:\n")
}

// check reports what is wrong with a call and returns its program and verbs, or
// nothing if it is no call at all.
func (m *manual) check(call commandLine) string {
	m.t.Helper()
	verbs, complete := m.verbs(call)
	if !complete {
		return ""
	}
	for _, flag := range call.flags {
		if !regexp.MustCompile(`(?m)\s` + flag + `\b`).MatchString(m.of(call.program, verbs...)) {
			m.t.Errorf("%s: %s %s has no %s", call.file, call.program, strings.Join(verbs, " "), flag)
		}
	}
	return call.program + " " + strings.Join(verbs, " ")
}

func TestEveryCommandLineInTheFilesIsOneTheProgramsAccept(t *testing.T) {
	manual := newManual(t)
	seen := map[string]bool{}
	for _, path := range operatorFiles(t) {
		for _, call := range commandLines(path, read(t, path)) {
			seen[manual.check(call)] = true
		}
	}
	for _, want := range []string{"rendezvous run", "rendezvous invite create", "rendezvous status", "peerd run", "peerctl status"} {
		if !seen[want] {
			t.Errorf("found no call of %q: the search has gone blind", want)
		}
	}
}
