package release

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// A program is one that was built, and what Go wrote into it about itself.
type program struct {
	name   string // without .exe
	path   string
	target Target
	info   *debug.BuildInfo
}

// version is what the program says when it is asked.
func (p program) version() string { return p.info.Main.Version }

// setting returns a build setting, or nothing.
func (p program) setting(key string) string {
	for _, s := range p.info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// committed is the time of the commit: the only time a release knows.
func (p program) committed() (time.Time, error) {
	return time.Parse(time.RFC3339, p.setting("vcs.time"))
}

// flags of go build. The path of the source is left out, the commit is in. The
// debugger's tables are left out (a third of the size); the symbols stay, since a
// search for known vulnerabilities in a binary (govulncheck) reads them.
var flags = []string{"build", "-trimpath", "-buildvcs=true", "-ldflags=-w"}

// fixed is what the environment says about the result. Hardware is the oldest that
// Go supports well: GOARM=6 runs on every Raspberry Pi.
var fixed = map[string]string{
	"CGO_ENABLED": "0",
	"GOAMD64":     "v1",
	"GOARM":       "6",
	"GOARM64":     "v8.0",
	"GOFLAGS":     "-mod=readonly",
	"GOWORK":      "off",
}

// removed would change the result in ways nobody asked for.
var removed = []string{"GOEXPERIMENT", "GODEBUG", "GOFIPS140", "GOCOVERDIR"}

// buildEnviron is the environment in which go builds for a target.
func buildEnviron(environ []string, target Target) []string {
	kept := slices.DeleteFunc(slices.Clone(environ), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(removed, name)
	})
	for name, value := range fixed {
		kept = append(kept, name+"="+value)
	}
	return append(kept, "GOOS="+target.OS, "GOARCH="+target.Arch)
}

// build builds all programs for a target into dir.
func build(ctx context.Context, opts Options, target Target, dir string) ([]program, error) {
	command := exec.CommandContext(ctx, "go", append(slices.Clone(flags), "-o", dir+string(filepath.Separator), "./cmd/...")...)
	command.Dir = opts.Source
	command.Env = buildEnviron(opts.Environ, target)
	if out, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build for %s: %w\n%s", target, err, out)
	}
	return built(dir, target)
}

// built returns the programs in dir, sorted by name.
func built(dir string, target Target) (programs []program, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("ask %s what is in it: %w", path, err)
		}
		p := program{strings.TrimSuffix(entry.Name(), ".exe"), path, target, info}
		if err := p.check(); err != nil {
			return nil, fmt.Errorf("%s for %s cannot be released: %w", p.name, target, err)
		}
		programs = append(programs, p)
	}
	return programs, nil
}

// check holds a program to what a release promises, by what is written in it: an
// environment can say things we have not thought of.
func (p program) check() error {
	for key, want := range map[string]string{"-trimpath": "true", "CGO_ENABLED": "0", "vcs.modified": "false"} {
		if got := p.setting(key); got != want {
			return fmt.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	for _, unwanted := range []string{"-tags", "GOEXPERIMENT", "GOFIPS140", "-race", "-gcflags", "-asmflags"} {
		if got := p.setting(unwanted); got != "" {
			return fmt.Errorf("%s is %q, which nobody asked for: is it in `go env`?", unwanted, got)
		}
	}
	for _, module := range p.info.Deps {
		if module.Replace != nil {
			return fmt.Errorf("%s is replaced by %s", module.Path, module.Replace.Path)
		}
	}
	_, err := p.committed()
	return err
}
