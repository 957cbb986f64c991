package peer

import (
	"context"
	"errors"
	"testing"

	"peerd/internal/identity"
	"peerd/internal/invite"
)

// startWith starts a daemon with the circle's invite, which change may spoil.
func startWith(t *testing.T, dir string, joined invite.Invite, change func(*Config)) (*Daemon, error) {
	t.Helper()
	config := Config{StateDir: dir, Listen: "127.0.0.1:0", Invite: &joined, Logger: testLogger(t, "peer")}
	change(&config)
	d, err := Start(config)
	if err == nil {
		t.Cleanup(func() { d.Close() })
	}
	return d, err
}

func TestInviteToAnotherCircleIsRefused(t *testing.T) {
	home, work := newCircle(t), newCircle(t)
	dir := t.TempDir()
	if err := home.joinAt("alice", dir).Close(); err != nil {
		t.Fatal(err)
	}
	_, err := startWith(t, dir, work.invite, func(*Config) {})
	if other, ok := errors.AsType[*OtherCircleError](err); !ok || other.StateDir != dir {
		t.Fatalf("started with %v, want another circle's invite to be refused", err)
	}
	back, err := startWith(t, dir, home.invite, func(c *Config) { c.Invite = nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := back.AwaitOnline(home.guard()); err != nil {
		t.Errorf("the first circle is lost: %v", err)
	}
}

func TestDefaultNameIsForThoseWithoutOne(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	for _, test := range []struct{ proves, name, want string }{
		{"a new peer gets it", "", "default"},
		{"a wish goes before it", "alice", "alice"},
		{"a name that is bound goes before it", "", "alice"},
	} {
		t.Run(test.proves, func(t *testing.T) {
			d, err := startWith(t, dir, c.invite, func(config *Config) {
				config.Name, config.DefaultName = test.name, "default"
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := d.AwaitOnline(c.guard()); err != nil || d.ownName() != test.want {
				t.Errorf("logged in as %q (%v), want %q", d.ownName(), err, test.want)
			}
		})
	}
}

func TestWhoeverAnswersWithAnotherKeyIsNotJoined(t *testing.T) {
	c := newCircle(t)
	wrong := c.invite
	wrong.Server[0]++
	d, err := startWith(t, t.TempDir(), wrong, func(config *Config) { config.Name = "alice" })
	if err != nil {
		t.Fatal(err)
	}
	err = d.AwaitOnline(c.guard())
	if key, ok := errors.AsType[*identity.WrongKeyError](err); !ok || key.Want != wrong.Server {
		t.Errorf("login ended with %v, want a wrong key", err)
	}
}

func TestOfflineSaysWhy(t *testing.T) {
	c := newCircle(t)
	c.stop()
	d := c.startAt("alice", t.TempDir())
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	err := d.AwaitOnline(ended)
	offline, ok := errors.AsType[*OfflineError](err)
	if !ok || offline.Rendezvous != c.invite.Address || !errors.Is(err, context.Canceled) {
		t.Fatalf("gave up with %v, want the rendezvous' address and the end of the wait", err)
	}
	c.await("a login has failed", func() bool {
		err := d.AwaitOnline(ended)
		offline, _ := errors.AsType[*OfflineError](err)
		return offline.Cause != nil && offline.Error() == offline.Cause.Error()
	})
}
