package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"peerd/internal/eventlog"
	"peerd/internal/exitcode"
	"peerd/internal/name"
	"peerd/internal/portmap"
	"peerd/internal/printable"
	"peerd/internal/statedir"
	"peerd/peer"
	"peerd/peer/api"
)

// readyPatience is how long the first login may take before we say that we
// are offline and go on trying.
const readyPatience = 3 * time.Second

// defaultDiskReserve leaves the system, and our own messages, room to breathe.
const defaultDiskReserve = 1 << 30

// runFlags are the flags of peerd run.
type runFlags struct {
	state       string
	name        string
	join        string
	listen      string
	socket      string
	logLevel    string
	downloads   string
	diskReserve size
	portMapping string
	classic     bool
	introduce   string
}

func newRun(io stdio) *cobra.Command {
	flags := runFlags{diskReserve: defaultDiskReserve}
	command := &cobra.Command{
		Use:   "run",
		Short: "Log in and stay reachable until interrupted",
		Long: `Log in to the rendezvous of a circle and stay reachable until interrupted.

The first time, say which circle with --join: the invite that "rendezvous run"
printed, or @FILE, or - to read it from standard input, so that it does not show
in the list of processes. Later starts need no invite.

Without --name the peer keeps the name it has. A new one is called like the user
who runs it, or like the host where that user is root or peerd.

Prints "ready" when logged in, or after 3 seconds that it is offline and goes on
trying. Exit codes: 0 ended as asked, 1 other, 2 usage, 4 refused by the
rendezvous or by the file system.`,
		Args: noArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return runDaemon(command.Context(), flags, io)
		},
	}
	set := command.Flags()
	set.StringVar(&flags.state, "state", "", "state `directory` (default: where the system keeps such things)")
	set.StringVar(&flags.name, "name", "", "the `name` to be known by (default: the one you have, else your user name or the host's)")
	set.StringVar(&flags.join, "join", "", "`invite` to a circle, @FILE, or - for standard input")
	set.StringVar(&flags.listen, "listen", ":0", "UDP `address` to send from")
	set.StringVar(&flags.socket, "socket", "", "`path` of the control socket (default: $PEERD_SOCKET, else peerd.sock in the state directory)")
	set.StringVar(&flags.portMapping, "port-mapping", "auto",
		"ask the home router to forward our port (PCP, NAT-PMP, UPnP): the `mode` is auto or off")
	set.StringVar(&flags.introduce, "introduce", "",
		"who may learn where you are, now and at later starts: the `policy` is circle, contacts or relay-only; see peerctl introduce")
	set.BoolVar(&flags.classic, "classic", false,
		"meet users of the classic protocol at the rendezvous' door: unverified, unencrypted, and told your name and address")
	set.StringVar(&flags.downloads, "downloads", "", "`directory` for files of peers (default: downloads in the state directory)")
	set.Var(&flags.diskReserve, "disk-reserve", "how much of that disk files of peers leave free")
	set.StringVar(&flags.logLevel, "log-level", "warn", "debug, info, warn or error")
	return command
}

// runDaemon runs a daemon until ctx ends.
func runDaemon(ctx context.Context, flags runFlags, io stdio) error {
	config, err := daemonConfig(ctx, flags, io)
	if err != nil {
		return err
	}
	// The socket comes first: where there is none, nobody should hear of a
	// login, and no invite be used up.
	listener, err := api.Listen(socketPath(flags, config.StateDir))
	if err != nil {
		return err
	}
	d, err := peer.Start(config)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	err = serve(ctx, d, listener, config.Logger, io)
	daemon.SdNotify(false, daemon.SdNotifyStopping)
	return errors.Join(err, d.Close())
}

func daemonConfig(ctx context.Context, flags runFlags, io stdio) (peer.Config, error) {
	logger, err := eventlog.New(io.err, flags.logLevel, false)
	if err != nil {
		return peer.Config{}, err
	}
	config := peer.Config{
		StateDir:    flags.state,
		DiskReserve: int64(flags.diskReserve),
		Listen:      flags.listen,
		DefaultName: defaultName(userName(), hostName()),
		Classic:     flags.classic,
		Logger:      logger,
	}
	if flags.introduce != "" {
		if config.Introduce, err = api.ParseIntroduce(flags.introduce); err != nil {
			return peer.Config{}, exitcode.With(exitcode.Usage, err)
		}
	}
	if config.PortMapper, err = portMapper(flags.portMapping); err != nil {
		return peer.Config{}, err
	}
	if flags.name != "" {
		if config.Name, err = name.Normalize(flags.name); err != nil {
			return peer.Config{}, exitcode.With(exitcode.Usage, err)
		}
	}
	if config.StateDir == "" {
		if config.StateDir, err = statedir.Default("peerd"); err != nil {
			return peer.Config{}, err
		}
	}
	// Absolute, as users are told where their files are.
	config.Downloads, err = filepath.Abs(cmp.Or(flags.downloads, filepath.Join(config.StateDir, "downloads")))
	if err != nil {
		return peer.Config{}, err
	}
	config.Invite, err = readInvite(ctx, flags.join, io)
	return config, err
}

// portMapper returns who asks the home router, nil for nobody.
func portMapper(choice string) (peer.PortMapper, error) {
	switch choice {
	case "auto":
		return portmap.Keep, nil
	case "off":
		return nil, nil
	}
	return nil, exitcode.With(exitcode.Usage, fmt.Errorf("port mapping %q: use auto or off", choice))
}

// socketPath is where peerctl looks, too.
func socketPath(flags runFlags, dir string) string {
	return cmp.Or(flags.socket, os.Getenv(statedir.SocketVariable), statedir.Socket(dir))
}

// serve answers peerctl until ctx ends or we are refused at the first login.
func serve(ctx context.Context, d *peer.Daemon, listener net.Listener, logger zerolog.Logger, io stdio) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var tasks sync.WaitGroup
	defer tasks.Wait()
	tasks.Go(func() {
		if err := announceReady(ctx, d, io); err != nil {
			cancel(err)
		}
	})
	tasks.Go(func() { feedWatchdog(ctx, d) })
	if err := api.Serve(ctx, listener, d, logger); err != nil {
		cancel(err)
		return err
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// announceReady prints ready once we are logged in, or that we are offline
// once it takes too long, and then goes on waiting. It returns a refusal: that
// takes a person to mend.
func announceReady(ctx context.Context, d *peer.Daemon, io stdio) error {
	patient, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	err := d.AwaitOnline(patient)
	offline, waiting := errors.AsType[*peer.OfflineError](err)
	if err != nil && ctx.Err() != nil {
		return nil
	}
	if err != nil && !waiting {
		return exitcode.With(exitcode.Denied, err)
	}
	if waiting {
		fmt.Fprintf(io.err, "offline: %s; still trying\nhint: %s\n", printable.Line(offline.Error()), hintOffline(offline))
	}
	fmt.Fprintln(io.out, "ready")
	daemon.SdNotify(false, daemon.SdNotifyReady)
	if waiting {
		return announceOnline(ctx, d, io)
	}
	return nil
}

// announceOnline says that the offline spell is over.
func announceOnline(ctx context.Context, d *peer.Daemon, io stdio) error {
	err := d.AwaitOnline(ctx)
	if err != nil && ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return exitcode.With(exitcode.Denied, err)
	}
	fmt.Fprintln(io.err, "online")
	return nil
}

// feedWatchdog tells systemd that we are alive for as long as the daemon
// answers questions about itself.
func feedWatchdog(ctx context.Context, d *peer.Daemon) {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil || interval == 0 {
		return
	}
	ticker := time.NewTicker(interval / 2)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if _, err := d.Peers(ctx); err == nil {
				daemon.SdNotify(false, daemon.SdNotifyWatchdog)
			}
		case <-ctx.Done():
			return
		}
	}
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
