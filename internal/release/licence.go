package release

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// legal are the files that say under which terms code may be passed on.
var legal = regexp.MustCompile(`(?i)^(un)?licen[cs]es?([.-].*)?$|^copying([.-].*)?$|^notice([.-].*)?$|^patents$`)

// ownLicence is the licence of a module itself, not of what it has taken in.
var ownLicence = regexp.MustCompile(`(?i)^((un)?licen[cs]e|copying)(\.txt|\.md)?$`)

// A terms is what one module asks of those who pass it on.
type terms struct {
	ids  []string // SPDX identifiers, sorted
	text string   // all its legal files
}

// licences are the terms of every module linked, by path.
type licences map[string]terms

// Licence returns the SPDX identifiers of the licence in a module's directory.
func Licence(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, entry := range entries {
		if entry.IsDir() || !ownLicence.MatchString(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		coverage := licensecheck.Scan(text)
		if coverage.Percent < 90 {
			return nil, fmt.Errorf("%s in %s is no licence we know: %.0f%% of it reads like one", entry.Name(), dir, coverage.Percent)
		}
		for _, match := range coverage.Match {
			ids = append(ids, match.ID)
		}
	}
	if ids == nil {
		return nil, fmt.Errorf("%s has no licence", dir)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// readTerms reads all that a directory says about passing on.
func readTerms(dir string) (t terms, err error) {
	if t.ids, err = Licence(dir); err != nil {
		return t, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return t, err
	}
	var text strings.Builder
	for _, entry := range entries {
		if entry.IsDir() || !legal.MatchString(entry.Name()) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return t, err
		}
		fmt.Fprintf(&text, "%s\n\n", bytes.TrimSpace(data))
	}
	t.text = text.String()
	return t, nil
}

// licencesOf finds the terms of all modules that programs consist of, and Go's own
// under the name std.
func licencesOf(ctx context.Context, opts Options, programs []program) (licences, error) {
	var modules []*debug.Module
	for _, p := range programs {
		modules = append(modules, p.info.Deps...)
	}
	directories, err := moduleDirectories(ctx, opts, modules)
	if err != nil {
		return nil, err
	}
	found := licences{}
	for path, dir := range directories {
		if found[path], err = readTerms(dir); err != nil {
			return nil, fmt.Errorf("licence of %s: %w", path, err)
		}
	}
	return found, nil
}

// moduleDirectories returns where the sources of modules are, and Go's as std.
func moduleDirectories(ctx context.Context, opts Options, modules []*debug.Module) (map[string]string, error) {
	arguments := []string{"list", "-m", "-json=Path,Dir"}
	for _, module := range modules {
		if !slices.Contains(arguments, module.Path) {
			arguments = append(arguments, module.Path)
		}
	}
	out, err := goOutput(ctx, opts, arguments...)
	if err != nil {
		return nil, err
	}
	directories := map[string]string{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var module struct{ Path, Dir string }
		if err := decoder.Decode(&module); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read go list: %w", err)
		}
		directories[module.Path] = module.Dir
	}
	root, err := goOutput(ctx, opts, "env", "GOROOT")
	directories["std"] = strings.TrimSpace(string(root))
	return directories, err
}

func goOutput(ctx context.Context, opts Options, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = opts.Source
	command.Env = buildEnviron(opts.Environ, opts.Targets[0])
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w", strings.Join(arguments[:2], " "), err)
	}
	return out, nil
}

// text is what an archive shows: the terms of everything that is in its programs.
func (l licences) text(programs []program) []byte {
	linked := []string{"std"}
	for _, p := range programs {
		for _, module := range p.info.Deps {
			linked = append(linked, module.Path)
		}
	}
	slices.Sort(linked)
	var text bytes.Buffer
	text.WriteString("The programs contain the Go standard library (std) and these modules.\n")
	for _, path := range slices.Compact(linked) {
		fmt.Fprintf(&text, "\n==== %s (%s)\n\n%s", path, strings.Join(l[path].ids, ", "), l[path].text)
	}
	return text.Bytes()
}
