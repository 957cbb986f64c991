// Package docs holds what is written for people. Its test keeps SECURITY-MODEL.md
// true where a program can tell: every threat has a row, and every row has tests
// that exist.
package docs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// threats is how many there are, T01 to T26.
const threats = 26

var (
	threatRow  = regexp.MustCompile(`(?m)^\| (T\d\d) \|(.*)\|$`)
	threatTest = regexp.MustCompile(`TestT\d\d\w+`)
	declared   = regexp.MustCompile(`(?m)^func (TestT\d\d\w+)\(`)
)

// rows returns the rows of the table of threats, by threat.
func rows(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("SECURITY-MODEL.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, match := range threatRow.FindAllStringSubmatch(string(text), -1) {
		if _, twice := all[match[1]]; twice {
			t.Errorf("%s has two rows", match[1])
		}
		all[match[1]] = match[2]
	}
	return all
}

// declaredTests returns the names of all tests of threats in this module.
func declaredTests(t *testing.T) (names []string) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, match := range declared.FindAllStringSubmatch(string(text), -1) {
			names = append(names, match[1])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestEveryThreatHasItsRow(t *testing.T) {
	all := rows(t)
	for n := range threats {
		threat := fmt.Sprintf("T%02d", n+1)
		row, found := all[threat]
		if !found {
			t.Errorf("%s has no row", threat)
			continue
		}
		if len(threatTest.FindAllString(row, -1)) == 0 && !strings.Contains(row, "does not apply:") {
			t.Errorf("%s has neither a test nor a reason why it does not apply", threat)
		}
	}
	if len(all) != threats {
		t.Errorf("%d rows, want %d", len(all), threats)
	}
}

func TestEveryTestOfAThreatIsInItsRow(t *testing.T) {
	names := declaredTests(t)
	if len(names) < threats {
		t.Fatalf("found only %d tests: is this the module's root?", len(names))
	}
	all := rows(t)
	for _, name := range names {
		threat := strings.TrimPrefix(name, "Test")[:3]
		if !slices.Contains(threatTest.FindAllString(all[threat], -1), name) {
			t.Errorf("%s is not in the row of %s", name, threat)
		}
	}
	for threat, row := range all {
		for _, name := range threatTest.FindAllString(row, -1) {
			if !slices.Contains(names, name) {
				t.Errorf("row %s names %s, which does not exist", threat, name)
			}
		}
	}
}
