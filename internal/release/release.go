// Package release makes what is published: an archive of the programs for every
// system, a bill of materials (CycloneDX), and checksums, signed if there is a key.
// It serves `make release` and is linked into no program.
//
//	git commit ──► go build ──► peerd-VERSION-OS-ARCH.tar.gz ──┐
//	                  │                                        ├─► SHA256SUMS ─► SHA256SUMS.sig
//	                  └─ what is in it ──► peerd-VERSION.cdx.json ┘
//
// Whoever has the commit and the same release of Go gets the same bytes, wherever
// and whenever: nothing of the machine, the directory, the user, the clock or the
// environment goes in. It is NOT a packager for distributions, and it uploads
// nothing.
package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Name is what archives begin with.
const Name = "peerd"

// Options say what to make, of what, and where it goes.
type Options struct {
	Source  string   // the module's directory, in a git work tree without changes
	Out     string   // made if need be; what is there and is not ours stays
	Targets []Target // at least one
	Key     string   // SSH private key that signs, or none
	// Environ is the environment of the go command. What decides over the bytes is
	// set or removed; the rest (proxy, caches) passes.
	Environ []string
	Log     io.Writer // one line for each file that is made
}

// A Target is a system to build for, as Go calls it.
type Target struct{ OS, Arch string }

func (t Target) String() string { return t.OS + "/" + t.Arch }

// ParseTarget reads OS/ARCH.
func ParseTarget(s string) (Target, error) {
	system, arch, found := strings.Cut(s, "/")
	if !found || system == "" || arch == "" || strings.ContainsAny(arch, "/ ") {
		return Target{}, fmt.Errorf("target %q: want OS/ARCH, as in linux/amd64 (go tool dist list shows them)", s)
	}
	return Target{system, arch}, nil
}

// ErrChanged is returned when the work tree is not what its commit says: nobody else
// could make these bytes.
var ErrChanged = errors.New("the work tree has changes: commit them, or make the release in a clone")

// Make builds everything into opts.Out. Files of an earlier release with the same
// version are replaced.
func Make(ctx context.Context, opts Options) error {
	if err := checkUnchanged(ctx, opts.Source); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "release-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)

	var all [][]program // by target
	for _, target := range opts.Targets {
		programs, err := build(ctx, opts, target, filepath.Join(work, target.OS+"-"+target.Arch))
		if err != nil {
			return err
		}
		all = append(all, programs)
	}
	return publish(ctx, opts, all)
}

// checkUnchanged finds out before minutes of building.
func checkUnchanged(ctx context.Context, source string) error {
	// The user's own settings may hide new files, which would be built all the same.
	status := exec.CommandContext(ctx, "git", "-c", "core.excludesFile="+os.DevNull, "status", "--porcelain", "--untracked-files=normal")
	status.Dir = source
	out, err := status.Output()
	if err != nil {
		return fmt.Errorf("ask git for changes in %s (a release is made of a commit): %w", source, err)
	}
	if len(out) > 0 {
		return fmt.Errorf("%w:\n%s", ErrChanged, strings.TrimRight(string(out), "\n"))
	}
	return nil
}

// publish turns the programs of each target into the files of a release.
func publish(ctx context.Context, opts Options, all [][]program) error {
	if err := os.MkdirAll(opts.Out, 0o755); err != nil {
		return err
	}
	made, err := describe(ctx, opts, all)
	if err != nil {
		return err
	}
	slices.Sort(made)
	if err := writeChecksums(opts.Out, made); err != nil {
		return err
	}
	made = append(made, Checksums)
	if opts.Key != "" {
		if err := sign(ctx, opts.Key, filepath.Join(opts.Out, Checksums)); err != nil {
			return err
		}
		made = append(made, Checksums+".sig")
	}
	for _, name := range made {
		fmt.Fprintln(opts.Log, filepath.Join(opts.Out, name))
	}
	return nil
}

// describe writes what the checksums are of, the archives and the bill of materials,
// and returns the names.
func describe(ctx context.Context, opts Options, all [][]program) (names []string, err error) {
	every := slices.Concat(all...)
	licences, err := licencesOf(ctx, opts, every)
	if err != nil {
		return nil, err
	}
	for _, programs := range all {
		name, err := writeArchive(opts, programs, licences)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	name, err := writeBOM(opts, every, licences)
	return append(names, name), err
}
