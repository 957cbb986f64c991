package release

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const moduleRoot = "../.."

// copyModule copies the sources as they are here, committed or not, into dir, and
// commits them there. Each copy has the same commit.
func copyModule(t *testing.T, dir string) {
	t.Helper()
	source := os.DirFS(moduleRoot)
	err := fs.WalkDir(source, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == ".git" || name == "bin" || name == "dist":
			return skip(entry)
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(dir, name), 0o755)
		case !entry.Type().IsRegular():
			return nil // a socket of a test that runs beside this one
		}
		data, err := fs.ReadFile(source, name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed while we look
		}
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, name), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	commit(t, dir)
}

func skip(entry fs.DirEntry) error {
	if entry.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// commit makes a repository of dir with one commit of everything, the same whoever
// makes it and when.
func commit(t *testing.T, dir string) {
	t.Helper()
	for _, arguments := range [][]string{
		{"init", "--quiet"},
		{"add", "--all"},
		{"commit", "--quiet", "--message=release"},
	} {
		git := exec.Command("git", arguments...)
		git.Dir = dir
		git.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z",
			"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z")
		if out, err := git.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", arguments, err, out)
		}
	}
}

// goEnv returns what the go command says about its environment.
func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatalf("go env %s: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}

func TestReleaseOfAChangedTreeIsRefused(t *testing.T) {
	for proves, change := range map[string]string{
		"a changed file": "go.mod",
		"a new file":     "backdoor.go",
	} {
		t.Run(proves, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "go.mod"), "module peerd\n")
			commit(t, dir)
			write(t, filepath.Join(dir, change), "package changed\n")
			err := Make(t.Context(), Options{Source: dir, Out: filepath.Join(dir, "dist")})
			if !errors.Is(err, ErrChanged) || !strings.Contains(err.Error(), change) {
				t.Errorf("got %v, want ErrChanged that names %s", err, change)
			}
		})
	}
}

func TestReleaseSeesNewFilesThatGitWasToldToHide(t *testing.T) {
	ignored := filepath.Join(t.TempDir(), "ignored")
	write(t, ignored, "backdoor.go\n")
	for by, settings := range map[string]string{
		"showing none":  "[status]\n\tshowUntrackedFiles = no\n",
		"ignoring them": "[core]\n\texcludesFile = " + ignored + "\n",
	} {
		t.Run(by, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "go.mod"), "module peerd\n")
			commit(t, dir)
			write(t, filepath.Join(dir, "backdoor.go"), "package changed\n")
			config := filepath.Join(t.TempDir(), "config")
			write(t, config, settings)
			t.Setenv("GIT_CONFIG_GLOBAL", config)
			err := Make(t.Context(), Options{Source: dir, Out: filepath.Join(dir, "dist"), Targets: []Target{here}})
			if !errors.Is(err, ErrChanged) {
				t.Errorf("got %v, want ErrChanged", err)
			}
		})
	}
}

func TestReleaseOutsideARepositorySaysWhatIsMissing(t *testing.T) {
	err := Make(t.Context(), Options{Source: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "a release is made of a commit") {
		t.Errorf("got %v", err)
	}
}

func TestTargetThatIsNoneIsRefused(t *testing.T) {
	for _, wrong := range []string{"", "linux", "linux/", "/amd64", "linux/amd64/v3", "linux/amd64 darwin/arm64"} {
		if target, err := ParseTarget(wrong); err == nil {
			t.Errorf("%q was read as %v", wrong, target)
		}
	}
	if got, err := ParseTarget("linux/arm64"); err != nil || got != (Target{"linux", "arm64"}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
