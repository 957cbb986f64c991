package dependencies

import (
	"bytes"
	"encoding/json"
	"errors"
	goversion "go/version"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"

	"peerd/internal/release"
)

const moduleRoot = "../.."

// programs are what users run.
var programs = []string{"peerctl", "peerd", "rendezvous"}

// howTo ends the message about a module that is not on the list.
const howTo = "If it has to be: read its code, say in internal/dependencies/modules.go why it is there and under which licence, " +
	"and in the commit what was considered instead."

// A goPackage is what the go command says of one.
type goPackage struct {
	ImportPath string
	ForTest    string
	Standard   bool
	Module     *struct {
		Path string
		Main bool
	}
	Imports  []string
	CgoFiles []string
}

// origin is the module a package is from; of ours, the package itself.
func (p goPackage) origin() string {
	if p.Module == nil || p.Module.Main {
		return p.ImportPath
	}
	return p.Module.Path
}

// foreign reports whether somebody else has written the package, Go's authors apart.
func (p goPackage) foreign() bool { return p.Module != nil && !p.Module.Main }

// goList lists packages with all that they import.
func goList(t *testing.T, target string, patterns ...string) map[string]goPackage {
	t.Helper()
	system, arch, _ := strings.Cut(target, "/")
	list := exec.Command("go", append([]string{"list", "-deps", "-json=ImportPath,ForTest,Standard,Module,Imports,CgoFiles"}, patterns...)...)
	list.Dir = moduleRoot
	list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch)
	var problems bytes.Buffer
	list.Stderr = &problems
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list %v for %s: %v\n%s", patterns, target, err, problems.String())
	}
	packages := map[string]goPackage{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
}

// closure returns what is linked into a program, among all packages of a target.
func closure(all map[string]goPackage, program string) (found []goPackage) {
	seen := map[string]bool{}
	for queue := []string{"peerd/cmd/" + program}; len(queue) > 0; queue = queue[1:] {
		p, ok := all[queue[0]]
		if !ok || seen[p.ImportPath] {
			continue
		}
		seen[p.ImportPath] = true
		found = append(found, p)
		queue = append(queue, p.Imports...)
	}
	return found
}

// targets are the systems that the Makefile builds for.
func targets(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(moduleRoot, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^TARGETS +\?= (.*)$`).FindSubmatch(text)
	if line == nil {
		t.Fatal("the Makefile does not say what we build for")
	}
	return strings.Fields(string(line[1]))
}

// all are the packages of the programs for each target: listed once, for several tests.
var all struct {
	sync.Once
	byTarget map[string]map[string]goPackage
}

// forEachProgram calls f with what is linked into each program on each system.
func forEachProgram(t *testing.T, f func(t *testing.T, program string, linked []goPackage)) {
	t.Helper()
	all.Do(func() {
		all.byTarget = map[string]map[string]goPackage{}
		for _, target := range targets(t) {
			all.byTarget[target] = goList(t, target, "./cmd/...")
		}
	})
	if len(all.byTarget) < 2 {
		t.Fatal("the packages could not be listed")
	}
	for target, packages := range all.byTarget {
		for _, program := range programs {
			linked := closure(packages, program)
			if len(linked) < 100 {
				t.Fatalf("%s for %s consists of %d packages: the search has gone blind", program, target, len(linked))
			}
			f(t, program, linked)
		}
	}
}

func TestProgramsContainTheListedModulesOnly(t *testing.T) {
	in := map[string]map[string]bool{} // by module, by program
	forEachProgram(t, func(_ *testing.T, program string, linked []goPackage) {
		for _, p := range linked {
			if p.foreign() {
				if in[p.Module.Path] == nil {
					in[p.Module.Path] = map[string]bool{}
				}
				in[p.Module.Path][program] = true
			}
		}
	})
	got := map[string]string{}
	for module, programs := range in {
		got[module] = strings.Join(slices.Sorted(maps.Keys(programs)), " ")
	}
	want := map[string]string{}
	for _, module := range Linked() {
		want[module.Path] = module.In
	}
	compare(t, got, want, "linked into")
}

// compare reports what is there and not listed, or listed and not there.
func compare(t *testing.T, got, want map[string]string, how string) {
	t.Helper()
	for module, where := range got {
		if want[module] != where {
			t.Errorf("%s is %s %q, the list says %q. %s", module, how, where, want[module], howTo)
		}
	}
	for module := range want {
		if _, there := got[module]; !there {
			t.Errorf("%s is not %s anything any more: take it off the list", module, how)
		}
	}
}

func TestTestsAndToolsUseTheListedModulesOnly(t *testing.T) {
	known := map[string]bool{}
	for _, module := range Linked() {
		known[module.Path] = true
	}
	for _, test := range []struct {
		how      string
		patterns []string
		listed   []Module
	}{
		{"used by tests in", []string{"-test", "./..."}, Tested()},
		{"used by tools in", []string{"tool"}, Tools()},
	} {
		got, want := map[string]string{}, map[string]string{}
		for _, p := range goList(t, "linux/amd64", test.patterns...) {
			if p.foreign() && !known[p.Module.Path] {
				got[p.Module.Path] = "this module"
			}
		}
		for _, module := range test.listed {
			want[module.Path] = "this module"
		}
		compare(t, got, want, test.how)
		for path := range got {
			known[path] = true
		}
	}
}

// goMod parses go.mod.
func goMod(t *testing.T) *modfile.File {
	t.Helper()
	path := filepath.Join(moduleRoot, "go.mod")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := modfile.Parse(path, text, nil)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func everyModule() []Module { return slices.Concat(Linked(), Tested(), Tools(), Named()) }

func TestGoModNamesTheListedModulesOnly(t *testing.T) {
	got, want := map[string]string{}, map[string]string{}
	file := goMod(t)
	for _, require := range file.Require {
		got[require.Mod.Path] = "go.mod"
	}
	for _, module := range everyModule() {
		if _, twice := want[module.Path]; twice {
			t.Errorf("%s is listed twice", module.Path)
		}
		want[module.Path] = "go.mod"
		if module.Why == "" {
			t.Errorf("%s is listed without a reason", module.Path)
		}
	}
	compare(t, got, want, "named in")
	if len(file.Replace) > 0 {
		t.Errorf("%s is replaced: what is built is not what go.sum has the checksum of", file.Replace[0].Old.Path)
	}
}

func TestModulesAreNotOlderThanTheirFloors(t *testing.T) {
	file := goMod(t)
	versions := map[string]string{}
	for _, require := range file.Require {
		versions[require.Mod.Path] = require.Mod.Version
	}
	for _, floor := range Floors() {
		if floor.Path == "go" {
			if goversion.Compare("go"+file.Go.Version, "go"+floor.Version) < 0 {
				t.Errorf("go.mod lets Go %s build, want %s: %s", file.Go.Version, floor.Version, floor.Why)
			}
			if goversion.Compare(runtime.Version(), "go"+floor.Version) < 0 {
				t.Errorf("this is %s, want %s: %s", runtime.Version(), floor.Version, floor.Why)
			}
			continue
		}
		if got := versions[floor.Path]; semver.Compare(got, floor.Version) < 0 {
			t.Errorf("%s is %q, want %s: %s", floor.Path, got, floor.Version, floor.Why)
		}
	}
}

func TestProgramsContainNoBannedPackage(t *testing.T) {
	used := map[string]bool{} // exceptions
	forEachProgram(t, func(t *testing.T, program string, linked []goPackage) {
		for _, ban := range Bans() {
			for _, p := range linked {
				if p.Standard || !slices.Contains(p.Imports, ban.Package) && (ban.Package != "C" || p.CgoFiles == nil) {
					continue
				}
				if _, excepted := ban.Except[p.origin()]; !excepted {
					t.Errorf("%s: %s imports %s: %s. If it has to be, say why in Bans", program, p.ImportPath, ban.Package, ban.Why)
				}
				used[ban.Package+" "+p.origin()] = true
			}
		}
	})
	for _, ban := range Bans() {
		for origin, why := range ban.Except {
			if !used[ban.Package+" "+origin] || why == "" {
				t.Errorf("nobody needs the exception of %s for %s (%q) any more", ban.Package, origin, why)
			}
		}
	}
}

// What is for tests can do what no program of a user should.
func TestProgramsContainNothingOfTheTests(t *testing.T) {
	forTests := regexp.MustCompile(`^peerd/internal/(natlab|chaos|endtoend|stage|matrix|figures|demo|wrongclock|rogue|hostilequic|flood|release|dependencies|purity)\b|test$`)
	forEachProgram(t, func(t *testing.T, program string, linked []goPackage) {
		for _, p := range linked {
			if !p.Standard && !p.foreign() && forTests.MatchString(p.ImportPath) {
				t.Errorf("%s contains %s", program, p.ImportPath)
			}
		}
	})
}

// Packages such as expvar add themselves to the default mux, and a service that
// names no handler serves it.
func TestNobodyServesTheDefaultMux(t *testing.T) {
	serves := regexp.MustCompile(`http\.(DefaultServeMux|Handle\(|HandleFunc\(|ListenAndServe(TLS)?\([^)]*, nil\)|Serve\([^)]*, nil\))`)
	handlers := 0
	for _, folder := range []string{"cmd", "peer", "punch", "rendezvous", "internal"} {
		for path, text := range sources(t, filepath.Join(moduleRoot, folder)) {
			if found := serves.Find(text); found != nil {
				t.Errorf("%s: %s", path, found)
			}
			for _, server := range regexp.MustCompile(`(?s)http\.Server\{.*?\}`).FindAll(text, -1) {
				handlers++
				if !bytes.Contains(server, []byte("Handler:")) {
					t.Errorf("%s has a server without a handler of its own", path)
				}
			}
		}
	}
	if handlers == 0 {
		t.Error("found no HTTP server: the search has gone blind")
	}
}

// sources returns the Go files below a folder that are no tests.
func sources(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		found[path], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestEveryLicenceIsPermissiveAndAsListed(t *testing.T) {
	permissive := []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "Unlicense"}
	listed := map[string]string{}
	arguments := []string{"list", "-m", "-f", "{{.Path}} {{.Dir}}"}
	for _, module := range slices.Concat(Linked(), Tested(), Tools()) {
		listed[module.Path] = module.Licence
		arguments = append(arguments, module.Path)
	}
	list := exec.Command("go", arguments...)
	list.Dir = moduleRoot
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		path, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
		ids, err := release.Licence(dir)
		if err != nil || !slices.Equal(ids, []string{listed[path]}) {
			t.Errorf("%s: licence %v, the list says %s: %v", path, ids, listed[path], err)
		}
		if !slices.Contains(permissive, listed[path]) {
			t.Errorf("%s: who passes our programs on may not be able to keep what %s asks for", path, listed[path])
		}
	}
	if n := strings.Count(string(out), "\n"); n != len(listed) {
		t.Errorf("looked at %d licences of %d", n, len(listed))
	}
}
