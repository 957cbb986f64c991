package deploy

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// boot turns namespaces into a machine of its own, where systemd is the first process:
// its /etc, /opt, /run, /tmp, /var/lib, /var/tmp, network, cgroups and units are not the host's.
// Everything else is the host's, and nothing of it is written to.
const boot = `set -e
mount --make-rprivate /
mount -t proc proc /proc
umount -R -l /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir "$WORK/etc"
mount -t tmpfs -o mode=0755 tmpfs "$WORK/etc"
cp -a /etc/. "$WORK/etc"
mount --bind "$WORK/etc" /etc
rm -rf /etc/systemd/system
mkdir -p /etc/default
mount --bind "$WORK/units" "$(readlink -f /lib/systemd/system)"
mount -t tmpfs -o mode=0755 tmpfs /usr/local/bin
cp "$BIN"/* /usr/local/bin/
systemd-sysusers "$PWD/systemd/sysusers.d/peerd.conf"
mount -t tmpfs -o mode=0755 tmpfs /var/lib
mount -t tmpfs -o mode=1777 tmpfs /var/tmp
mount -t tmpfs -o mode=0755 tmpfs /opt
mount -t tmpfs -o mode=0755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /tmp
exec env -i PATH="$PATH" container=test /lib/systemd/systemd --system --unit=basic.target --log-target=null
`

// A machine runs systemd and our units, as an operator's would.
type machine struct {
	t    *testing.T
	init *exec.Cmd
}

// newMachine boots one. It takes root: nobody else may start services as other users.
func newMachine(t *testing.T, bin string) *machine {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can boot a machine with users of its own")
	}
	work := t.TempDir()
	writeUnits(t, filepath.Join(work, "units"))
	group := newControlGroup(t)
	// A namespace of cgroups begins where its first process is: the shell is moved
	// before it makes one.
	init := exec.Command("unshare", "--cgroup", "sh", "-c", boot)
	init.Env = append(os.Environ(), "WORK="+work, "BIN="+bin)
	init.Stdout, init.Stderr = t.Output(), t.Output()
	init.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS | syscall.CLONE_NEWNET,
		UseCgroupFD: true, CgroupFD: int(group.Fd()),
	}
	if err := init.Start(); err != nil {
		t.Fatalf("boot: %v", err)
	}
	t.Cleanup(func() {
		_ = init.Process.Kill() // and with it, everything in its namespace
		_ = init.Wait()
	})
	m := &machine{t, init}
	m.eventually("systemd is up", func() bool {
		out, _ := m.try("systemctl", "is-system-running")
		return out == "running\n"
	})
	return m
}

// writeUnits writes ours and the targets that they, and systemd itself, need.
func writeUnits(t *testing.T, dir string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"sysinit", "basic", "network-online", "shutdown", "umount", "final", "exit", "multi-user"} {
		put(t, filepath.Join(dir, target+".target"), "[Unit]\nDefaultDependencies=no\n")
	}
	for _, unit := range systemUnits {
		name := filepath.Base(unit)
		put(t, filepath.Join(dir, name), read(t, unit))
		if err := os.Mkdir(filepath.Join(dir, name+".d"), 0o755); err != nil {
			t.Fatal(err)
		}
		// There is no journal; and a service that dies should be found dead.
		put(t, filepath.Join(dir, name+".d", "log.conf"), "[Service]\nStandardError=append:/run/"+name+".log\nRestart=no\n")
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// newControlGroup makes a group in the unified hierarchy, which goes with the test.
func newControlGroup(t *testing.T) *os.File {
	t.Helper()
	root := "/sys/fs/cgroup"
	if _, err := os.Stat(filepath.Join(root, "cgroup.procs")); errors.Is(err, fs.ErrNotExist) {
		root = filepath.Join(root, "unified") // beside those of version 1
	}
	dir, err := os.MkdirTemp(root, "peerd-test-")
	if err != nil {
		t.Fatalf("make a cgroup: %v", err)
	}
	t.Cleanup(func() { removeGroups(t, dir) })
	group, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { group.Close() })
	return group
}

// removeGroups removes a group and what systemd has made in it, once the processes
// are gone.
func removeGroups(t *testing.T, dir string) {
	deadline := time.Now().Add(hangGuard)
	for {
		var groups []string
		_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				groups = append(groups, path)
			}
			return nil
		})
		for i := len(groups) - 1; i >= 0; i-- {
			_ = os.Remove(groups[i])
		}
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("cgroup %s stays", dir)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// command is one that root types there.
func (m *machine) command(ctx context.Context, words ...string) *exec.Cmd {
	pid := strconv.Itoa(m.init.Process.Pid)
	return exec.CommandContext(ctx, "nsenter", append([]string{"--target", pid, "--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup",
		"env", "-i", "HOME=/root", "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}, words...)...)
}

// try runs a command and returns its standard output.
func (m *machine) try(words ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), hangGuard)
	defer cancel()
	command := m.command(ctx, words...)
	var problems bytes.Buffer
	command.Stderr = &problems
	out, err := command.Output()
	if err != nil {
		err = errors.New(err.Error() + ": " + problems.String())
	}
	return string(out), err
}

// run runs a command that must succeed.
func (m *machine) run(words ...string) string {
	m.t.Helper()
	out, err := m.try(words...)
	if err != nil {
		logs, _ := m.try("sh", "-c", "tail -n 20 /run/*.log")
		m.t.Fatalf("%s: %v\n%s\n%s", strings.Join(words, " "), err, out, logs)
	}
	return out
}

func (m *machine) eventually(what string, condition func() bool) {
	m.t.Helper()
	for deadline := time.Now().Add(hangGuard); !condition(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			m.t.Fatalf("it never happened that %s", what)
		}
	}
}
