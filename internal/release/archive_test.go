package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

var committedAt = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestArchiveDependsOnItsFilesOnly(t *testing.T) {
	files := []file{{"b", 0o644, []byte("two")}, {"a/c", 0o755, []byte("one")}}
	var one, other bytes.Buffer
	if err := pack(&one, "folder", committedAt, slices.Clone(files)); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(files)
	if err := pack(&other, "folder", committedAt.In(time.FixedZone("elsewhere", 3600)), files); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one.Bytes(), other.Bytes()) {
		t.Error("order or time zone change the bytes")
	}
	compressed, err := gzip.NewReader(&one)
	if err != nil || !compressed.ModTime.IsZero() || compressed.Name != "" {
		t.Errorf("gzip says when (%v) or what (%q): %v", compressed.ModTime, compressed.Name, err)
	}
	archive := tar.NewReader(compressed)
	for _, want := range []string{"folder/a/c -rwxr-xr-x", "folder/b -rw-r--r--"} {
		header, err := archive.Next()
		if err != nil {
			t.Fatal(err)
		}
		got := header.Name + " " + header.FileInfo().Mode().String()
		if got != want || !header.ModTime.Equal(committedAt) || header.Uid != 0 || header.Gid != 0 || header.Uname != "" {
			t.Errorf("got %s %+v, want %s", got, header, want)
		}
	}
	if _, err := archive.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("there is more: %v", err)
	}
}

func TestOperatorsGetTheFilesWithoutTheirTests(t *testing.T) {
	files, err := deployFiles(fstest.MapFS{
		"deploy/README.md":               {Data: []byte("read me")},
		"deploy/systemd/peerd.service":   {},
		"deploy/systemd_test.go":         {},
		"cmd/peerd/main.go":              {},
		"deploy/container/Dockerfile":    {},
		"deploy/container/something.go":  {},
		"deployment/is/another/file.txt": {},
	})
	var names []string
	for _, f := range files {
		names = append(names, f.name)
	}
	slices.Sort(names)
	if want := []string{"deploy/README.md", "deploy/container/Dockerfile", "deploy/systemd/peerd.service"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("got %v, %v, want %v", names, err, want)
	}
}

// honest is what go writes into an honest program.
func honest(settings ...debug.BuildSetting) program {
	defaults := []debug.BuildSetting{
		{Key: "-trimpath", Value: "true"}, {Key: "CGO_ENABLED", Value: "0"}, {Key: "vcs.modified", Value: "false"},
		{Key: "vcs.time", Value: "2026-01-02T03:04:05Z"},
	}
	return program{name: "peerd", info: &debug.BuildInfo{Settings: append(settings, defaults...)}}
}

func TestProgramThatOthersCouldNotRebuildIsNotReleased(t *testing.T) {
	if err := honest().check(); err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]string{
		"-trimpath": "false", "CGO_ENABLED": "1", "vcs.modified": "true", "vcs.time": "",
		"-tags": "failpoint", "GOEXPERIMENT": "jsonv2", "GOFIPS140": "v1.0.0", "-race": "true",
	} {
		t.Run(key, func(t *testing.T) {
			err := honest(debug.BuildSetting{Key: key, Value: value}).check()
			if err == nil {
				t.Errorf("%s=%s is released", key, value)
			}
		})
	}
	replaced := honest()
	replaced.info.Deps = []*debug.Module{{Path: "example.org/a", Replace: &debug.Module{Path: "../a"}}}
	if err := replaced.check(); err == nil || !strings.Contains(err.Error(), "replaced by ../a") {
		t.Errorf("a module from a directory nobody else has: %v", err)
	}
}

func TestLicenceIsRecognised(t *testing.T) {
	ours, err := Licence(moduleRoot)
	if err != nil || !slices.Equal(ours, []string{"MIT"}) {
		t.Errorf("our own: %v, %v", ours, err)
	}
	mit, err := os.ReadFile(filepath.Join(moduleRoot, "LICENSE"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ proves, name, text, says string }{
		{"none", "README", string(mit), "no licence"},
		{"one of somebody's own", "LICENSE", "You may use this on Tuesdays, if you buy me a beer.", "no licence we know"},
		{"a known one with conditions", "LICENSE", string(mit) + strings.Repeat("\nNot for use on Tuesdays.", 20), "no licence we know"},
	} {
		t.Run(test.proves, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, test.name), test.text)
			if ids, err := Licence(dir); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, %v, want %q", ids, err, test.says)
			}
		})
	}
}

func TestModuleWithoutAChecksumIsNotBilled(t *testing.T) {
	if _, err := moduleHash(&debug.Module{Path: "example.org/a"}); err == nil {
		t.Error("billed")
	}
}
