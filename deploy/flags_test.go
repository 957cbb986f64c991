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
			if strings.HasPrefix(w, "--") {
				flag, _, _ := strings.Cut(w, "=")
				call.flags = append(call.flags, flag)
			} else if len(call.flags) == 0 && verb.MatchString(w) {
				call.verbs = append(call.verbs, w)
			}
		}
	}
	return call, found
}

func TestEveryCommandLineInTheFilesIsOneTheProgramsAccept(t *testing.T) {
	bin := programs(t)
	seen := map[string]int{}
	for _, path := range operatorFiles(t) {
		for _, call := range commandLines(path, read(t, path)) {
			verbs := knownVerbs(call)
			if verbs == nil {
				continue // prose: "a rendezvous needs"
			}
			seen[call.program+" "+strings.Join(verbs, " ")]++
			out, err := exec.Command(filepath.Join(bin, call.program), append(verbs, "--help")...).CombinedOutput()
			if err != nil {
				t.Errorf("%s: %s %v: %v\n%s", path, call.program, verbs, err, out)
			}
			for _, flag := range call.flags {
				if !regexp.MustCompile(`(?m)\s` + flag + `\b`).Match(out) {
					t.Errorf("%s: %s %v has no %s", path, call.program, verbs, flag)
				}
			}
		}
	}
	for _, want := range []string{"rendezvous run", "rendezvous invite create", "rendezvous status", "peerd run", "peerctl status"} {
		if seen[want] == 0 {
			t.Errorf("found no call of %q: the search has gone blind", want)
		}
	}
}

// knownVerbs returns the verbs of a call that we use, nil for words of a sentence.
func knownVerbs(call commandLine) []string {
	joined := strings.Join(call.verbs, " ")
	for _, verbs := range []string{"run", "status", "invite create"} {
		if joined == verbs || strings.HasPrefix(joined, verbs+" ") {
			return strings.Fields(verbs)
		}
	}
	return nil
}
