package purity

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

const moduleRoot = "../.."

func TestCorePackagesArePure(t *testing.T) {
	for _, rule := range Rules() {
		t.Run(rule.Package, func(t *testing.T) {
			sources := rule.sources(t)
			if len(sources) == 0 {
				t.Fatalf("%s has no source files: if it moved, its rule must move too", rule.Package)
			}
			for _, source := range sources {
				content, err := fs.ReadFile(os.DirFS(moduleRoot), source)
				if err != nil {
					t.Fatal(err)
				}
				for _, violation := range check(t, rule, source, string(content)) {
					t.Error(violation)
				}
			}
		})
	}
}

// sources returns the source files of the rule's package, without tests.
func (r Rule) sources(t *testing.T) []string {
	var sources []string
	err := fs.WalkDir(os.DirFS(moduleRoot), r.Package, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || r.exempts(name)):
			return fs.SkipDir
		case !entry.IsDir() && strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			sources = append(sources, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

func (r Rule) exempts(folder string) bool {
	return slices.ContainsFunc(r.Exempt, func(exempt string) bool { return folder == path.Join(r.Package, exempt) })
}

func check(t *testing.T, rule Rule, name, source string) []string {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return rule.Check(files, file)
}

func TestRuleFindsWhatIsImpure(t *testing.T) {
	rule := Rule{Package: "core", Imports: []string{"peerd/wire"}, Why: "the test says so"}
	for _, c := range []struct {
		name, source, want string
	}{
		{"addresses without sockets", `import "net/netip"; var _ netip.Addr`, ""},
		{"durations and times passed in", `import "time"; func f(now time.Time) time.Time { return now.Add(time.Second) }`, ""},
		{"a method that is called like a clock", `type t struct{}; func (t) Now() {}; var time t; func f() { time.Now() }`, ""},
		{"an allowed package and what is below it", `import _ "peerd/wire/internal/pb"`, ""},
		{"a socket", `import _ "net"`, "must not import net,"},
		{"a web server", `import _ "net/http"`, "must not import net/http,"},
		{"a file", `import _ "os"`, "must not import os,"},
		{"a logger", `import _ "log/slog"`, "must not import log/slog,"},
		{"another logger", `import _ "github.com/rs/zerolog"`, "must not import github.com/rs/zerolog,"},
		{"secret randomness", `import _ "crypto/rand"`, "must not import crypto/rand,"},
		{"other randomness", `import _ "math/rand/v2"`, "must not import math/rand/v2,"},
		{"another package of ours", `import _ "peerd/punch/socket"`, "must not import peerd/punch/socket,"},
		{"a package whose name begins alike", `import _ "peerd/wirelog"`, "must not import peerd/wirelog,"},
		{"C", `import "C"`, "must not import C,"},
		{"the clock", `import "time"; var start = time.Now()`, "must not use time.Now,"},
		{"the clock, not called yet", `import "time"; var now = time.Now`, "must not use time.Now,"},
		{"the clock by another name", `import clock "time"; func f() { clock.Sleep(1) }`, "must not use time.Sleep,"},
		{"the clock without a name", `import . "time"; func f() { Sleep(1) }`, "must not import time with a dot"},
		{"a timer", `import "time"; func f() { <-time.After(1) }`, "must not use time.After,"},
		{"a goroutine", `func f() { go f() }`, "must not start goroutines,"},
		{"a goroutine in a closure", `var _ = func() { go func() {}() }`, "must not start goroutines,"},
	} {
		t.Run(c.name, func(t *testing.T) {
			violations := check(t, rule, "core/file.go", "package core; "+c.source)
			if c.want == "" {
				if len(violations) != 0 {
					t.Errorf("violations: %q", violations)
				}
				return
			}
			if len(violations) != 1 || !strings.Contains(violations[0], c.want) {
				t.Fatalf("violations: %q, want one that says %q", violations, c.want)
			}
			for _, part := range []string{"core/file.go:1:", "core must not", "because the test says so"} {
				if !strings.Contains(violations[0], part) {
					t.Errorf("violation %q does not say %q", violations[0], part)
				}
			}
		})
	}
}
