package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	systemUnits = []string{"systemd/rendezvous.service", "systemd/peerd.service"}
	allUnits    = append(systemUnits, "systemd/user/peerd.service")
)

// setting returns the last value of a setting of a unit.
func setting(t *testing.T, unit, name string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^`+name+`=(.*)$`).FindAllStringSubmatch(read(t, unit), -1)
	if len(found) == 0 {
		t.Fatalf("%s does not set %s", unit, name)
	}
	return found[len(found)-1][1]
}

func TestUnitsWaitForReadinessAndWatchForHangs(t *testing.T) {
	for _, unit := range allUnits {
		if got := setting(t, unit, "Type"); got != "notify" {
			t.Errorf("%s: Type=%s", unit, got)
		}
		if got := setting(t, unit, "WatchdogSec"); got == "0" || got == "" {
			t.Errorf("%s: WatchdogSec=%s", unit, got)
		}
	}
}

// An invite that reaches the journal is there for everybody in the group adm.
func TestInvitesDoNotReachTheJournal(t *testing.T) {
	if got := setting(t, "systemd/rendezvous.service", "StandardOutput"); got != "null" {
		t.Errorf("StandardOutput=%s", got)
	}
}

// systemdAnalyze runs the tool, which needs no systemd to run.
func systemdAnalyze(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Fatal("systemd-analyze is needed, of Debian's package systemd: make setup")
	}
	out, err := exec.Command(tool, arguments...).CombinedOutput()
	return string(out), err
}

// What is left of the exposure is the network itself, unix sockets, and the host's
// root directory, read-only.
func TestSystemServicesAreHardlyExposed(t *testing.T) {
	for _, unit := range systemUnits {
		// The threshold is in tenths: 1.2 of 10, where "medium" begins at 4.0.
		if out, err := systemdAnalyze(t, "security", "--offline=true", "--no-pager", "--threshold=12", unit); err != nil {
			t.Errorf("%s: %v\n%s", unit, err, out)
		}
	}
}

func TestSystemdUnderstandsEveryLine(t *testing.T) {
	for _, unit := range allUnits {
		t.Run(unit, func(t *testing.T) {
			// The program need not be installed where the tests run.
			text := strings.Replace(read(t, unit), "\nExecStart=", "\nExecStart=/bin/sh ", 1)
			copied := filepath.Join(t.TempDir(), filepath.Base(unit))
			if err := os.WriteFile(copied, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			if out, err := systemdAnalyze(t, "verify", "--man=no", "--recursive-errors=no", copied); err != nil || out != "" {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
