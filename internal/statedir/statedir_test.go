//go:build linux

package statedir

import (
	"os"
	"testing"
)

func TestDefault(t *testing.T) {
	for name, c := range map[string]struct{ xdg, want string }{
		"an absolute XDG_STATE_HOME is used":   {"/state", "/state/peerd"},
		"a relative XDG_STATE_HOME is ignored": {"state", "/home/alice/.local/state/peerd"},
		"without it the home directory":        {"", "/home/alice/.local/state/peerd"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("HOME", "/home/alice")
			t.Setenv("XDG_STATE_HOME", c.xdg)
			if os.Geteuid() == 0 {
				c.want = "/var/lib/peerd" // root's does not depend on the environment
			}
			if got, err := Default("peerd"); got != c.want || err != nil {
				t.Errorf("Default = %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestDefaultSocketPrefersTheEnvironment(t *testing.T) {
	t.Setenv(SocketVariable, "/run/mine.sock")
	if got, err := DefaultSocket(); got != "/run/mine.sock" || err != nil {
		t.Errorf("DefaultSocket = %q, %v", got, err)
	}
}

func TestSocketIsWhereTheDesignSaysItIs(t *testing.T) {
	if got := Socket("/var/lib/peerd"); got != "/var/lib/peerd/peerd.sock" {
		t.Errorf("Socket = %q", got)
	}
}
