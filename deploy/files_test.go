// Package deploy holds no program: its tests hold the files for operators to what the
// programs really do, so that neither changes alone.
package deploy

import (
	"go/version"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// read returns a file of this directory.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// operatorFiles returns the paths of everything an operator reads or installs.
func operatorFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && filepath.Ext(path) != ".go" {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	return files
}

// programs builds the three commands once and returns the directory they are in.
func programs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", dir, "../cmd/...")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the commands: %v\n%s", err, out)
	}
	return dir
}

func TestYAMLHasNoTabs(t *testing.T) {
	for _, path := range operatorFiles(t) {
		if filepath.Ext(path) == ".yaml" && strings.Contains(read(t, path), "\t") {
			t.Errorf("%s: YAML does not allow tabs", path)
		}
	}
}

// Readers follow these; a file that moved leaves them lost.
func TestFilesNamedInTheReadmeAndByTheInstallerExist(t *testing.T) {
	named := regexp.MustCompile("`((?:cloud-init|systemd|container|firewall|sysctl\\.d)/[^`]+)`|deploy/([a-z][\\w./-]+\\w)")
	for _, path := range operatorFiles(t) {
		for _, match := range named.FindAllStringSubmatch(read(t, path), -1) {
			if _, err := os.Stat(match[1] + match[2]); err != nil {
				t.Errorf("%s names %s: %v", path, match[0], err)
			}
		}
	}
}

func TestReadmeListsEveryFile(t *testing.T) {
	readme := read(t, "README.md")
	for _, path := range operatorFiles(t) {
		if path != "README.md" && !strings.Contains(readme, "`"+path+"`") {
			t.Errorf("README.md does not say what %s is for", path)
		}
	}
}

func TestContainerIsBuiltWithAGoThatTheModuleAccepts(t *testing.T) {
	least := regexp.MustCompile(`(?m)^go (\d+\.\d+\.\d+)$`).FindStringSubmatch(read(t, "../go.mod"))
	image := regexp.MustCompile(`(?m)^ARG GO=golang:(\d+\.\d+\.\d+)$`).FindStringSubmatch(read(t, "container/Dockerfile"))
	if least == nil || image == nil || version.Compare("go"+image[1], "go"+least[1]) < 0 {
		t.Errorf("go.mod wants Go %v, the container has %v", least, image)
	}
}

// Whatever else were in the images would be there to be broken into.
func TestContainersHoldNothingButOurPrograms(t *testing.T) {
	for _, from := range regexp.MustCompile(`(?m)^FROM .*$`).FindAllString(read(t, "container/Dockerfile"), -1) {
		if from != "FROM ${GO} AS build" && !strings.HasPrefix(from, "FROM scratch AS ") {
			t.Errorf("an image is made %s", from)
		}
	}
}

func TestComposeBuildsTargetsOfTheDockerfile(t *testing.T) {
	dockerfile := read(t, "container/Dockerfile")
	targets := regexp.MustCompile(`target: (\w+)`).FindAllStringSubmatch(read(t, "container/compose.yaml"), -1)
	if len(targets) != 2 {
		t.Errorf("found %d targets, want rendezvous and peerd", len(targets))
	}
	for _, target := range targets {
		if !strings.Contains(dockerfile, "FROM scratch AS "+target[1]+"\n") {
			t.Errorf("there is no target %s", target[1])
		}
	}
}

func TestCloudInitIsRecognisedAndItsScriptParses(t *testing.T) {
	text := read(t, "cloud-init/rendezvous.yaml")
	if !strings.HasPrefix(text, "#cloud-config\n") {
		t.Error("without its first line cloud-init ignores the file")
	}
	_, rest, found := strings.Cut(text, "      #!/bin/sh\n")
	script, _, ended := strings.Cut(rest, "\npackages:")
	if !found || !ended {
		t.Fatal("the script is not where it was")
	}
	check := exec.Command("sh", "-n")
	check.Stdin = strings.NewReader(strings.ReplaceAll("\n"+script, "\n      ", "\n"))
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("the script does not parse: %v\n%s", err, out)
	}
}
