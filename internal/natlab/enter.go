//go:build linux

package natlab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// enteredVariable is set in the environment of a program that Enter has started in a user namespace, so that it does
// not do so again.
const enteredVariable = "NATLAB_ENTERED"

// Main is [Enter] for tests:
//
//	func TestMain(m *testing.M) { os.Exit(natlab.Main(m)) }
//
// Where there cannot be a lab the tests run nevertheless, and those that ask for one fail with the cause.
func Main(m interface{ Run() int }) (exitCode int) {
	code, err := Enter(m.Run)
	if err != nil {
		return m.Run()
	}
	return code
}

// Enter calls program where it may create network namespaces, and returns its exit code. If this process may, that is
// here. If not, Enter starts the executable again with the same arguments in a new user namespace, in which it is
// mapped to root, and there program is called. Call it first thing in main. Interrupts and SIGTERM are passed on to that
// copy, so that it can clean up.
//
// The error wraps [ErrUnavailable]; program was not called then.
func Enter(program func() int) (exitCode int, err error) {
	denied := permitted()
	if denied == nil {
		return program(), nil
	}
	if os.Getenv(enteredVariable) != "" {
		return 0, unavailable(denied)
	}
	code, err := runInUserNamespace()
	if err != nil {
		return 0, unavailable(errors.Join(denied, err))
	}
	return code, nil
}

func unavailable(cause error) error {
	return fmt.Errorf("%w: %w; run as root, or allow unprivileged user namespaces (sysctl user.max_user_namespaces, "+
		"kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)", ErrUnavailable, cause)
}

// permitted tries to create a network namespace, on a thread that is then thrown away.
func permitted() error {
	ns, err := newNamespace()
	if err != nil {
		return err
	}
	ns.close()
	return nil
}

// runInUserNamespace runs this program again, as root of a new user namespace, and returns its exit code.
func runInUserNamespace() (int, error) {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), enteredVariable+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	// The death signal is sent when the starting thread ends, so it must not end before the program does.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := runInterruptible(cmd)
	if exit, failed := errors.AsType[*exec.ExitError](err); failed {
		if code := exit.ExitCode(); code >= 0 {
			return code, nil
		}
		return 1, nil // killed by a signal
	}
	if err != nil {
		return 0, fmt.Errorf("start in a user namespace: %w", err)
	}
	return 0, nil
}

// runInterruptible runs cmd and leaves it to cmd what to do about a request to end.
func runInterruptible(cmd *exec.Cmd) error {
	requests := make(chan os.Signal, 1)
	signal.Notify(requests, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(requests)
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	var relay sync.WaitGroup
	relay.Go(func() {
		for {
			select {
			case request := <-requests:
				_ = cmd.Process.Signal(request) // fails only when it has just ended
			case <-ended:
				return
			}
		}
	})
	err := cmd.Wait()
	close(ended)
	relay.Wait()
	return err
}
