//go:build linux

package natlab_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"peerd/internal/natlab"
)

const nobody = 65534

// The tests that need most of the kernel pass without root, in a user namespace.
func TestLabNeedsNoRoot(t *testing.T) {
	if !ownsAllUsers(t) {
		t.Log("this run is in a user namespace already: all of it is the proof")
		return
	}
	out, err := testAsNobody("EachKind|Userspace|Carrier|Hops|Delay|Loss|Reboot|Capture|Process")
	if err != nil || !strings.Contains(out, "--- PASS") {
		t.Errorf("as user %d: %v\n%s", nobody, err, out)
	}
}

func TestLabThatCannotStartFailsTheTestAndSaysWhy(t *testing.T) {
	if !ownsAllUsers(t) {
		t.Log("only root can take the permission away, and this run is in a user namespace")
		return
	}
	// A process that thinks it is in a user namespace of its own does not ask for another one.
	out, err := testAsNobody("LabsRunSideBySide", "NATLAB_ENTERED=1")
	for _, want := range []string{"--- FAIL", natlab.ErrUnavailable.Error(), "operation not permitted", "run as root"} {
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("error %v, want a failure and %q in:\n%s", err, want, out)
		}
	}
}

// testAsNobody runs the tests that match as an unprivileged user.
func testAsNobody(pattern string, env ...string) (output string, err error) {
	cmd := exec.Command("/proc/self/exe", "-test.v", "-test.run", pattern)
	cmd.Env = append(append(os.Environ(), "TMPDIR=/tmp"), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: nobody, Gid: nobody},
		Pdeathsig:  syscall.SIGKILL,
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// ownsAllUsers reports whether this is the initial user namespace, where root can become anybody.
func ownsAllUsers(t *testing.T) bool {
	t.Helper()
	uidMap, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(uidMap))[2] == "4294967295"
}

func TestEnterPassesTheExitCodeOn(t *testing.T) {
	code, err := natlab.Enter(func() int { return 7 })
	if err != nil || code != 7 {
		t.Errorf("exit code %d, error %v, want 7", code, err)
	}
}

// A killed lab takes its processes with it.
func TestProcessesDieWithTheProgramThatStartedThem(t *testing.T) {
	command := program("lab")
	cmd := exec.Command(command.Path)
	cmd.Env = append(os.Environ(), command.Env...)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("read the child's process id: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // says that it was killed
	pid := strings.TrimSpace(line)
	eventually(t, "process "+pid+" ends", func() bool { return !running(pid) })
}

// running reports whether the process exists and is not a zombie.
func running(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	_, state, found := strings.Cut(string(stat), ") ")
	return err == nil && found && !strings.HasPrefix(state, "Z")
}

// runLab starts a process in a lab, prints its id and waits to be killed.
func runLab([]string) int {
	code, err := natlab.Enter(func() int {
		lab, err := natlab.Open()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer lab.Close()
		child := lab.PublicHost("vps", natlab.Link{}).Start(program("sleep"))
		child.WaitLine(hangGuard, "ready")
		if err := lab.Err(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println(strconv.Itoa(child.PID()))
		time.Sleep(time.Minute)
		return 1
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}
