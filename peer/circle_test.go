package peer

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"peerd/internal/invite"
	"peerd/peer/api"
	"peerd/rendezvous"
	"peerd/wire"
)

// hangGuard ends a test that waits for what does not come. How long what comes may take
// on a machine with other things to do is no test's business.
const hangGuard = 3 * time.Minute

// circle is a rendezvous on loopback that daemons of the test join.
type circle struct {
	t      testing.TB
	config rendezvous.Config
	invite invite.Invite
	server *rendezvous.Server
	stop   func()
	// diskSpace is what the next daemons take for their disk; nil: the real one.
	diskSpace func(string) (free, size uint64, err error)
}

func newCircle(t testing.TB) *circle {
	t.Helper()
	return newCircleWith(t, func(*rendezvous.Config) {})
}

// newCircleWith is newCircle with another rendezvous. To stop it and start one that is
// different would let somebody else take its port in between.
func newCircleWith(t testing.TB, change func(*rendezvous.Config)) *circle {
	t.Helper()
	c := &circle{t: t, config: rendezvous.Config{
		Listen:    "127.0.0.1:0",
		StateDir:  t.TempDir(),
		Advertise: "127.0.0.1",
		Logger:    testLogger(t, "rendezvous"),
	}}
	change(&c.config)
	c.start()
	return c
}

// start starts the rendezvous, for the first time or again at the same address.
func (c *circle) start() {
	c.t.Helper()
	server, err := rendezvous.Open(c.config)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	c.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-served; err != nil {
			c.t.Errorf("rendezvous: %v", err)
		}
	})
	c.t.Cleanup(c.stop)
	c.server = server
	c.config.Listen = server.Addr().String()
	c.config.Advertise = c.config.Listen
	if c.invite, err = server.CreateInvite(16, time.Hour); err != nil {
		c.t.Fatal(err)
	}
}

// join starts a daemon with a state directory of its own and waits until it is
// logged in.
func (c *circle) join(name string) *Daemon {
	c.t.Helper()
	return c.joinAt(name, c.t.TempDir())
}

func (c *circle) joinAt(name, dir string) *Daemon {
	c.t.Helper()
	d := c.startAt(name, dir)
	c.loggedIn(d)
	return d
}

// loggedIn waits until a daemon is logged in, and was told who is in the circle.
func (c *circle) loggedIn(d *Daemon) {
	c.t.Helper()
	if err := d.AwaitOnline(c.guard()); err != nil {
		c.t.Fatalf("%s logs in: %v", d.config.Name, err)
	}
	c.await(d.config.Name+" has the roster", func() bool {
		_, listed := d.rosterRow(d.Key())
		return listed
	})
}

func (c *circle) startAt(name, dir string) *Daemon {
	c.t.Helper()
	d, err := Start(Config{StateDir: dir, Listen: "127.0.0.1:0", Name: name, Invite: &c.invite, DiskSpace: c.diskSpace, Logger: testLogger(c.t, name)})
	if err != nil {
		c.t.Fatalf("start %s: %v", name, err)
	}
	c.t.Cleanup(func() {
		if err := d.Close(); err != nil {
			c.t.Errorf("close %s: %v", name, err)
		}
	})
	return d
}

func (c *circle) guard() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), hangGuard)
	c.t.Cleanup(cancel)
	return ctx
}

func testLogger(t testing.TB, who string) zerolog.Logger {
	return zerolog.New(zerolog.NewTestWriter(t)).With().Str("who", who).Logger()
}

// send sends a message and waits until it is delivered.
func (c *circle) send(from *Daemon, to, text string) api.Sent {
	c.t.Helper()
	sent, err := from.Send(c.guard(), api.SendRequest{To: to, Text: text})
	if err != nil {
		c.t.Fatalf("send to %s: %v", to, err)
	}
	return c.awaitState(from, sent.ID, api.StateDelivered)
}

func (c *circle) awaitState(d *Daemon, id string, wanted api.State) api.Sent {
	c.t.Helper()
	sent, err := d.WaitMessage(c.guard(), id, wanted)
	if err != nil || !sent.State.Reached(wanted) {
		c.t.Fatalf("message is %q (%v), want %s", sent.State, err, wanted)
	}
	return sent
}

// awaitPath waits until data from one daemon to a peer takes a path.
func (c *circle) awaitPath(d *Daemon, peer string, wanted api.Path) {
	c.t.Helper()
	key, err := d.resolve(peer)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx := c.guard()
	changes := d.Subscribe(ctx, api.TypePath)
	for d.wayTo(key).path != wanted {
		select {
		case <-changes:
		case <-ctx.Done():
			c.t.Fatalf("path to %s is %s, want %s", peer, d.wayTo(key).path, wanted)
		}
	}
}

// await polls a condition that has no event.
func (c *circle) await(what string, condition func() bool) {
	c.t.Helper()
	ctx := c.guard()
	for !condition() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			c.t.Fatalf("did not happen: %s", what)
		}
	}
}

// knows waits until a daemon has a peer in its roster.
func (c *circle) knows(d *Daemon, peer string) {
	c.t.Helper()
	c.await("roster lists "+peer, func() bool {
		_, err := d.resolve(peer)
		return err == nil
	})
}

// leaves ends a daemon, and waits until another one has been told.
func (c *circle) leaves(d, seenBy *Daemon) {
	c.t.Helper()
	if err := d.Close(); err != nil {
		c.t.Fatal(err)
	}
	c.await("the roster lists it as offline", func() bool {
		row, listed := seenBy.rosterRow(d.Key())
		return listed && !row.Online
	})
}

// observed waits until the rendezvous sees a daemon's socket, and returns where.
func (c *circle) observed(d *Daemon) netip.AddrPort {
	c.t.Helper()
	c.await("it is observed", func() bool { return d.observedEndpoint().IsValid() })
	return d.observedEndpoint()
}

// moveName makes a daemon's rendezvous give the name of one key to another.
func (c *circle) moveName(d *Daemon, from, to wire.Key) {
	c.t.Helper()
	row, _ := d.rosterRow(from)
	row.Key = to
	c.changeRow(d, row, from)
}

// changeRow makes a daemon's rendezvous change a row of the roster, and remove others. The
// daemon must have been told all that there is to tell: a row that comes meanwhile, or
// later, does not follow from this one, and has it log in anew and hear the truth.
func (c *circle) changeRow(d *Daemon, row wire.Row, removed ...wire.Key) {
	c.t.Helper()
	d.mu.Lock()
	epoch, version := d.roster.Epoch(), d.roster.Version()
	d.mu.Unlock()
	err := d.applyDelta(wire.Delta{Epoch: epoch, From: version, To: version + 1, Changed: []wire.Row{row}, Removed: removed})
	if err != nil {
		c.t.Fatal(err)
	}
}

func texts(t *testing.T, d *Daemon, from string) []string {
	t.Helper()
	rows, err := d.Read(t.Context(), api.ReadRequest{From: from})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, row := range rows {
		all = append(all, row.Text)
	}
	return all
}

func wantCode(t *testing.T, err error, code api.Code) {
	t.Helper()
	if e, ok := errors.AsType[*api.Error](err); !ok || e.Code != code {
		t.Errorf("error is %v, want code %s", err, code)
	}
}
