package release

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/CycloneDX/cyclonedx-go"
)

// here is what this machine can build without compiling the standard library again.
var here = Target{"linux", "amd64"}

// A builder is somebody who makes the release of the same commit on a machine of
// their own.
type builder struct {
	home string // everything that is theirs is below
	tree string // their clone
	dist string // what they have made
}

func newBuilder(t *testing.T, clone string) builder {
	t.Helper()
	home := t.TempDir()
	b := builder{home: home, tree: filepath.Join(home, clone), dist: filepath.Join(home, clone, "dist")}
	if err := os.MkdirAll(b.tree, 0o755); err != nil {
		t.Fatal(err)
	}
	copyModule(t, b.tree)
	return b
}

// careless builds with nothing compiled before, in an environment full of what must
// not matter.
func (b builder) careless(t *testing.T) {
	t.Helper()
	modules := filepath.Join(b.home, "modules")
	if err := os.Symlink(goEnv(t, "GOMODCACHE"), modules); err != nil {
		t.Fatal(err)
	}
	environ := append(os.Environ(),
		"HOME="+b.home, "USER=careless", "TMPDIR="+t.TempDir(), "TZ=Pacific/Auckland", "LANG=zh_CN.UTF-8",
		"GOCACHE="+filepath.Join(b.home, "nothing-compiled-yet"), "GOMODCACHE="+modules,
		"CGO_ENABLED=1", "GOAMD64=v3", "GOFLAGS=-tags=failpoint -buildvcs=false", "GODEBUG=http2client=0", "GOOS=plan9",
		"GOPROXY=off") // all modules are there
	err := Make(t.Context(), Options{Source: b.tree, Out: b.dist, Targets: []Target{here}, Environ: environ, Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
}

// careful builds as the documents say.
func (b builder) careful(t *testing.T) {
	t.Helper()
	command := exec.Command("make", "--no-print-directory", "release", "TARGETS="+here.String(), "SIGN="+newKey(t, b.home))
	command.Dir = b.tree
	command.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "MAKE") || strings.HasPrefix(variable, "MFLAGS") // of the make that runs this test
	})
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("make release: %v\n%s", err, out)
	}
}

// Two strangers who build the same commit, one with all that could differ being
// different, must get the same bytes: otherwise nobody can tell whether what is
// published is what was committed.
//
// The first has an empty cache of compiled packages, so that every package is
// really compiled twice, in different directories. That is what takes the time.
func TestTwoBuildersMakeTheSameBytes(t *testing.T) {
	one, other := newBuilder(t, "src"), newBuilder(t, "a folder/of another/name")
	one.careless(t)
	other.careful(t)

	made := names(t, one.dist)
	if len(made) != 3 {
		t.Fatalf("made %v, want an archive, a bill of materials and checksums", made)
	}
	for _, name := range made {
		if !bytes.Equal(readFile(t, one.dist, name), readFile(t, other.dist, name)) {
			t.Errorf("%s: the two builders have made different ones", name)
		}
	}
	t.Run("nothing of a builder is in the programs", func(t *testing.T) { nothingOfTheBuilder(t, one, other) })
	t.Run("the programs need no C library", func(t *testing.T) { static(t, one) })
	t.Run("the bill names what is in each program, and nothing else", func(t *testing.T) { billIsTrue(t, one) })
	t.Run("the archive holds what cloud-init installs", func(t *testing.T) { cloudInitFinds(t, one) })
	t.Run("the documented checks pass", func(t *testing.T) { verifies(t, other) })
}

// programsOf unpacks what a builder has made.
func programsOf(t *testing.T, b builder) []program {
	t.Helper()
	dir := t.TempDir()
	archives, err := filepath.Glob(filepath.Join(b.dist, "*.tar.gz"))
	if err != nil || len(archives) != 1 {
		t.Fatalf("archives: %v, %v", archives, err)
	}
	unpack := exec.Command("tar", "--extract", "--gzip", "--file", archives[0], "--directory", dir, "--strip-components", "1",
		"--wildcards", "*/rendezvous", "*/peerd", "*/peerctl", "--exclude", "*/deploy/*")
	if out, err := unpack.CombinedOutput(); err != nil {
		t.Fatalf("unpack: %v\n%s", err, out)
	}
	programs, err := built(dir, here)
	if err != nil || len(programs) != 3 {
		t.Fatalf("%d programs, %v", len(programs), err)
	}
	return programs
}

// cloudInitFinds looks in the archive for the files that cloud-init takes from it.
func cloudInitFinds(t *testing.T, b builder) {
	script := string(readFile(t, b.tree, "deploy/cloud-init/rendezvous.yaml"))
	wanted := regexp.MustCompile(`install -m \d+ "\$work/([^"]+)"`).FindAllStringSubmatch(script, -1)
	if len(wanted) < 4 {
		t.Fatalf("cloud-init installs %v", wanted)
	}
	archives, err := filepath.Glob(filepath.Join(b.dist, "*.tar.gz"))
	if err != nil || len(archives) != 1 {
		t.Fatalf("archives: %v, %v", archives, err)
	}
	listed, err := exec.Command("tar", "--list", "--gzip", "--file", archives[0]).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range wanted {
		if !regexp.MustCompile(`(?m)^[^/]+/` + regexp.QuoteMeta(match[1]) + `$`).Match(listed) {
			t.Errorf("%s is not in\n%s", match[1], listed)
		}
	}
}

func nothingOfTheBuilder(t *testing.T, builders ...builder) {
	unwanted := []string{goEnv(t, "GOMODCACHE"), goEnv(t, "GOCACHE"), goEnv(t, "GOROOT") + "/src", "careless"}
	for _, b := range builders {
		unwanted = append(unwanted, b.home)
	}
	for _, p := range programsOf(t, builders[0]) {
		data, err := os.ReadFile(p.path)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range unwanted {
			if bytes.Contains(data, []byte(text)) {
				t.Errorf("%s contains %q", p.name, text)
			}
		}
		if !bytes.Contains(data, []byte("peerd/cmd/"+p.name+"/main.go")) {
			t.Errorf("%s does not contain the name of its own source: the search has gone blind", p.name)
		}
	}
}

func static(t *testing.T, b builder) {
	for _, p := range programsOf(t, b) {
		binary, err := elf.Open(p.path)
		if err != nil {
			t.Fatal(err)
		}
		defer binary.Close()
		for _, segment := range binary.Progs {
			if segment.Type == elf.PT_INTERP || segment.Type == elf.PT_DYNAMIC {
				t.Errorf("%s is linked dynamically", p.name)
			}
		}
		if symbols, err := binary.Symbols(); err != nil || len(symbols) == 0 {
			t.Errorf("%s has no symbols for a search for vulnerabilities: %v", p.name, err)
		}
	}
}

// billIsTrue compares the bill with what "go version -m" says about each program.
func billIsTrue(t *testing.T, b builder) {
	bills, err := filepath.Glob(filepath.Join(b.dist, "*.cdx.json"))
	if err != nil || len(bills) != 1 {
		t.Fatalf("bills: %v, %v", bills, err)
	}
	var bom cyclonedx.BOM
	if err := json.Unmarshal(readFile(t, b.dist, filepath.Base(bills[0])), &bom); err != nil {
		t.Fatal(err)
	}
	listed := map[string]cyclonedx.Component{}
	for _, c := range *bom.Components {
		listed[c.BOMRef] = c
	}
	for _, p := range programsOf(t, b) {
		billed := dependenciesOf(t, bom, here.String()+"/"+p.name)
		if want := linkedReferences(t, p); !slices.Equal(billed, want) {
			t.Errorf("%s: the bill says\n%s\nthe program says\n%s", p.name, strings.Join(billed, "\n"), strings.Join(want, "\n"))
		}
		for _, ref := range billed {
			if c := listed[ref]; c.Licenses == nil || len(*c.Licenses) == 0 || c.Version == "" {
				t.Errorf("%s has no version, or no licence: %+v", ref, c)
			}
		}
	}
}

func dependenciesOf(t *testing.T, bom cyclonedx.BOM, ref string) []string {
	t.Helper()
	for _, d := range *bom.Dependencies {
		if d.Ref == ref {
			return *d.Dependencies
		}
	}
	t.Fatalf("the bill has no %s", ref)
	return nil
}

// linkedReferences asks the go command, as a stranger would.
func linkedReferences(t *testing.T, p program) (refs []string) {
	t.Helper()
	out, err := exec.Command("go", "version", "-m", p.path).Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		switch fields := strings.Fields(line); {
		case len(fields) == 4 && fields[0] == "dep":
			refs = append(refs, "pkg:golang/"+fields[1]+"@"+fields[2])
		case strings.HasPrefix(line, p.path):
			refs = append(refs, "pkg:golang/std@"+strings.TrimPrefix(fields[1], "go"))
		}
	}
	slices.Sort(refs)
	return refs
}

func names(t *testing.T, dir string) (found []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found
}

func readFile(t *testing.T, dir, name string) []byte {
	t.Helper()
	file, err := os.OpenInRoot(dir, name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
