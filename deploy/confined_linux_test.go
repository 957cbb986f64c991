package deploy

import (
	"regexp"
	"strings"
	"testing"
)

// The units under the systemd of this machine, with all that they forbid: a login, a
// message each way, a file, a backup, what root asks, and a restart still work.
func TestServicesWorkUnderTheRestrictionsOfTheirUnits(t *testing.T) {
	m := newMachine(t, programs(t))
	m.run("sh", "-c", "echo 'RENDEZVOUS_OPTIONS=--advertise 127.0.0.1' > /etc/default/rendezvous")
	m.run("systemctl", "start", "rendezvous")
	m.run("sh", "-c", "umask 077; rendezvous invite create > /run/invite; install -o peerd -m 600 /run/invite /etc/invite")
	m.run("sh", "-c", "echo 'PEERD_OPTIONS=--name nas --join @/etc/invite --log-level debug' > /etc/default/peerd")
	m.run("systemctl", "start", "peerd")

	alice := m.command(t.Context(), "peerd", "run", "--state", "/run/alice", "--name", "alice", "--join", "@/run/invite", "--listen", "127.0.0.1:0")
	if err := alice.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = alice.Wait() }) // the test's context has ended it
	m.eventually("alice is there", func() bool {
		_, err := m.try("peerctl", "--socket", "/run/alice/peerd.sock", "status")
		return err == nil
	})
	talk(m)
	m.run("systemctl", "restart", "rendezvous", "peerd")
	m.run("peerctl", "send", "alice", "back again", "--timeout", "1m")
	for _, service := range []string{"rendezvous", "peerd"} {
		confined(t, m, service)
	}
}

// talk does what people do, as root with the nas, and as alice.
func talk(m *machine) {
	m.t.Helper()
	m.run("peerctl", "--socket", "/run/alice/peerd.sock", "send", "nas", "hello", "--timeout", "1m")
	m.run("peerctl", "send", "alice", "hello yourself", "--timeout", "1m")
	m.run("peerctl", "wait", "direct", "alice", "--timeout", "1m")
	m.run("peerctl", "file", "policy", "alice", "auto")
	m.run("sh", "-c", "head -c 3000000 /dev/urandom > /run/holiday")
	m.run("peerctl", "--socket", "/run/alice/peerd.sock", "file", "send", "/run/holiday", "nas", "--timeout", "1m")
	m.run("sh", "-c", "cmp /run/holiday /var/lib/peerd/downloads/*/holiday || cmp /run/holiday /var/lib/peerd/downloads/holiday")
	m.run("peerd", "backup", "/run/nas.backup")
	m.run("peerctl", "search", "hello")
	m.run("peerctl", "netcheck", "--timeout", "1m")
	m.run("rendezvous", "status")
}

// confined looks at the running service: is it alive, and do the restrictions hold
// that the kernel tells about?
func confined(t *testing.T, m *machine, service string) {
	t.Helper()
	state := m.run("systemctl", "show", service, "--property=ActiveState,SubState,NRestarts,MainPID")
	if !strings.Contains(state, "ActiveState=active\nSubState=running") || !strings.Contains(state, "NRestarts=0") {
		t.Errorf("%s:\n%s", service, state)
	}
	pid := regexp.MustCompile(`MainPID=(\d+)`).FindStringSubmatch(state)
	if pid == nil {
		t.Fatalf("%s has no process:\n%s", service, state)
	}
	status := m.run("cat", "/proc/"+pid[1]+"/status")
	for _, want := range []string{`Seccomp:\t2`, `NoNewPrivs:\t1`, `CapBnd:\t0+`, `CapEff:\t0+`, `CapAmb:\t0+`, `Uid:\t[1-9].*`} {
		if !regexp.MustCompile(`(?m)^` + want + `$`).MatchString(status) {
			t.Errorf("%s: want %s in\n%s", service, want, status)
		}
	}
	if log := m.run("cat", "/run/"+service+".service.log"); refused.MatchString(log) {
		t.Errorf("%s was refused something that it asked for:\n%s", service, log)
	}
	reachesNothing(t, m, service, pid[1], regexp.MustCompile(`Uid:\t(\d+)`).FindStringSubmatch(status)[1])
}

// refused is what programs say when the kernel does not let them.
var refused = regexp.MustCompile(`(?i)operation not permitted|permission denied|read-only file system|not supported by protocol|not implemented`)

// reachesNothing looks at the files as the service does, with its user and its mounts.
func reachesNothing(t *testing.T, m *machine, service, pid, uid string) {
	t.Helper()
	as := []string{"nsenter", "--target", pid, "--mount", "--user", "--setuid", uid, "--setgid", uid}
	own := "/var/lib/" + service
	if _, err := m.try(append(as, "touch", own+"/own")...); err != nil {
		t.Errorf("%s cannot write to its state, so that what follows says nothing: %v", service, err)
	}
	m.run("chmod", "1777", "/opt", "/var/lib") // modes are not what keeps it out
	for _, path := range []string{"/", "/etc", "/usr", "/usr/local/bin", "/opt", "/var", "/var/lib", "/run"} {
		if _, err := m.try(append(as, "touch", path+"/intruder")...); err == nil {
			t.Errorf("%s can write to %s", service, path)
		}
	}
	m.run("touch", "/tmp/of-somebody-else")
	for _, path := range []string{"/root", "/home", "/tmp"} {
		if out, _ := m.try(append(as, "ls", "-A", path)...); out != "" {
			t.Errorf("%s sees in %s: %s", service, path, out)
		}
	}
}
