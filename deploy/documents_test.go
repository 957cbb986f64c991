package deploy

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// documents returns the paths of everything written for people in this repository.
func documents(t *testing.T) (found []string) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != ".." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "bin" || entry.Name() == "dist"):
			return fs.SkipDir
		case filepath.Ext(path) == ".md":
			found = append(found, path)
		}
		return nil
	})
	if err != nil || !slices.Contains(found, "../README.md") {
		t.Fatalf("found %v, %v", found, err)
	}
	return found
}

// A block is fenced code: of commands (sh), of commands and what they print
// (console), or a picture (no language).
type block struct{ language, text string }

var (
	fenced = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")
	span   = regexp.MustCompile("`((?:sudo )?(?:rendezvous|peerd|peerctl) [^`\n]+)`")
	prompt = regexp.MustCompile(`^[\w-]*\$ `)
)

// blocks returns the fenced code of a document, and its prose without that.
func blocks(text string) (all []block, prose string) {
	for _, match := range fenced.FindAllStringSubmatch(text, -1) {
		all = append(all, block{match[1], match[2]})
	}
	return all, fenced.ReplaceAllString(text, "")
}

// calls returns the command lines a document tells its reader to type.
func calls(path, text string) (found []commandLine) {
	all, prose := blocks(text)
	for _, b := range all {
		for line := range strings.Lines(b.text) {
			typed := prompt.FindString(line)
			if b.language == "sh" || (b.language == "console" && typed != "") {
				found = append(found, commandLines(path, strings.TrimPrefix(line, typed))...)
			}
		}
	}
	for _, match := range span.FindAllStringSubmatch(prose, -1) {
		found = append(found, commandLines(path, match[1])...)
	}
	return found
}

func TestEveryCommandLineInTheDocumentsIsOneTheProgramsAccept(t *testing.T) {
	manual := newManual(t)
	seen := map[string]bool{}
	for _, path := range documents(t) {
		for _, call := range calls(path, read(t, path)) {
			known := manual.check(call)
			if known == "" {
				t.Errorf("%s: %s %s is no command", path, call.program, strings.Join(call.verbs, " "))
			}
			seen[known] = true
		}
	}
	for _, want := range []string{"rendezvous run", "rendezvous invite create", "peerd run", "peerctl send", "peerctl why", "peerctl netcheck"} {
		if !seen[want] {
			t.Errorf("found no call of %q: the search has gone blind", want)
		}
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

func TestEveryLinkInTheDocumentsLeadsSomewhere(t *testing.T) {
	for _, path := range documents(t) {
		_, prose := blocks(read(t, path))
		for _, match := range link.FindAllStringSubmatch(prose, -1) {
			if strings.Contains(match[1], "://") {
				continue // the web is not ours to hold still
			}
			to, anchor, _ := strings.Cut(match[1], "#")
			target := filepath.Join(filepath.Dir(path), to)
			if to == "" {
				target = path
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", path, match[1], err)
			} else if anchor != "" && !slices.Contains(anchors(read(t, target)), anchor) {
				t.Errorf("%s links to %s: there is no such heading", path, match[1])
			}
		}
	}
}

// anchors returns the names of a document's headings in links, as GitHub makes them:
// lower case, spaces become hyphens, punctuation goes.
func anchors(text string) (names []string) {
	_, prose := blocks(text)
	for _, match := range heading.FindAllStringSubmatch(prose, -1) {
		names = append(names, strings.Map(func(r rune) rune {
			switch {
			case unicode.IsLetter(r) || unicode.IsNumber(r) || r == '-' || r == '_':
				return unicode.ToLower(r)
			case r == ' ':
				return '-'
			}
			return -1
		}, match[1]))
	}
	return names
}

// Who reads the one language must not be told less, or to type something else.
func TestTranslationsHaveTheSameStructureAndTheSameCode(t *testing.T) {
	translated := 0
	for _, chinese := range documents(t) {
		english, isTranslation := strings.CutSuffix(chinese, ".zh-CN.md")
		if !isTranslation {
			continue
		}
		translated++
		english += ".md"
		of, in := read(t, english), read(t, chinese)
		ofBlocks, ofProse := blocks(of)
		inBlocks, inProse := blocks(in)
		if !slices.Equal(ofBlocks, inBlocks) {
			t.Errorf("%s and %s show different code", english, chinese)
		}
		if got, want := levels(inProse), levels(ofProse); !slices.Equal(got, want) {
			t.Errorf("%s has headings %v, %s has %v", chinese, got, english, want)
		}
		if !strings.Contains(of, "]("+filepath.Base(chinese)+")") || !strings.Contains(in, "]("+filepath.Base(english)+")") {
			t.Errorf("%s and %s do not link to each other", english, chinese)
		}
	}
	if translated < 2 {
		t.Errorf("found %d translations, want the README's and more", translated)
	}
}

// levels returns the levels of a document's headings, in order.
func levels(prose string) (found []int) {
	for _, match := range heading.FindAllString(prose, -1) {
		found = append(found, strings.Index(match, " "))
	}
	return found
}
