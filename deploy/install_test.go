package deploy

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// tryMake runs a target of the Makefile.
func tryMake(arguments ...string) (string, error) {
	command := exec.Command("make", append([]string{"--no-print-directory", "-C", ".."}, arguments...)...)
	command.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "MAKE") || strings.HasPrefix(variable, "MFLAGS") // of the make that runs this test
	})
	out, err := command.CombinedOutput()
	return string(out), err
}

func runMake(t *testing.T, arguments ...string) string {
	t.Helper()
	out, err := tryMake(arguments...)
	if err != nil {
		t.Fatalf("make %v: %v\n%s", arguments, err, out)
	}
	return out
}

// files lists the files below a directory with their permissions, sorted.
func files(t *testing.T, dir string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		found = append(found, relative+" "+info.Mode().Perm().String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return found
}

// Packagers stage into DESTDIR; whatever is left behind by uninstall stays on a
// machine for ever.
func TestInstallPutsEverythingInPlaceAndUninstallTakesItAway(t *testing.T) {
	stage := filepath.Join(t.TempDir(), "a stage") // with a space, as on some desktops
	arguments := []string{"BIN=" + programs(t), "DESTDIR=" + stage, "PREFIX=/usr"}
	runMake(t, append(arguments, "install")...)

	want := []string{
		"usr/lib/sysctl.d/60-peerd.conf -rw-r--r--",
		"usr/lib/systemd/system/peerd.service -rw-r--r--",
		"usr/lib/systemd/system/rendezvous.service -rw-r--r--",
		"usr/lib/systemd/user/peerd.service -rw-r--r--",
		"usr/lib/sysusers.d/peerd.conf -rw-r--r--",
	}
	for _, program := range []string{"peerctl", "peerd", "rendezvous"} {
		want = append(want,
			"usr/bin/"+program+" -rwxr-xr-x",
			"usr/share/bash-completion/completions/"+program+" -rw-r--r--",
			"usr/share/fish/vendor_completions.d/"+program+".fish -rw-r--r--",
			"usr/share/zsh/site-functions/_"+program+" -rw-r--r--")
	}
	slices.Sort(want)
	if got := files(t, stage); !slices.Equal(got, want) {
		t.Errorf("installed\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	for _, unit := range allUnits {
		where := "usr/lib/systemd/system"
		if strings.HasPrefix(unit, "systemd/user/") {
			where = "usr/lib/systemd/user"
		}
		if read(t, filepath.Join(stage, where, filepath.Base(unit))) != read(t, unit) {
			t.Errorf("%s was installed as another file of its name", unit)
		}
	}

	runMake(t, append(arguments, "uninstall")...)
	if left := files(t, stage); len(left) != 0 {
		t.Errorf("uninstall leaves %v", left)
	}
}

func TestInstallBeforeBuildSaysWhatToDo(t *testing.T) {
	out, err := tryMake("install", "BIN="+t.TempDir(), "DESTDIR="+t.TempDir())
	if err == nil || !strings.Contains(out, "not built yet: make build") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestMakeHelpExplainsEveryTarget(t *testing.T) {
	help := runMake(t, "help")
	targets := regexp.MustCompile(`(?m)^\.PHONY: (.*)$`).FindStringSubmatch(read(t, "../Makefile"))
	if targets == nil {
		t.Fatal("the Makefile declares no targets")
	}
	for _, target := range strings.Fields(targets[1]) {
		if target != "all" && !regexp.MustCompile(`(?m)^`+target+` +\S`).MatchString(help) {
			t.Errorf("make help does not explain %q", target)
		}
	}
}
