package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"peerd/internal/exitcode"
	"peerd/internal/invite"
	"peerd/internal/statedir"
	"peerd/peer"
	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// readyPatience is how long the first login may take before we say that we
// are offline and go on trying.
const readyPatience = 3 * time.Second

// runFlags are the flags of peerd run.
type runFlags struct {
	state    string
	name     string
	join     string
	listen   string
	socket   string
	logLevel string
}

func newRun(io stdio) *cobra.Command {
	var flags runFlags
	command := &cobra.Command{
		Use:   "run",
		Short: "Log in and stay reachable until interrupted",
		Long: `Log in to the rendezvous of a circle and stay reachable until interrupted.

The first time, say which circle with --join: the invite that "rendezvous run"
printed, or @FILE, or - to read it from standard input. Prints "ready" when
logged in.`,
		Args: func(command *cobra.Command, args []string) error {
			return exitcode.With(exitcode.Usage, cobra.NoArgs(command, args))
		},
		RunE: func(command *cobra.Command, _ []string) error {
			return runDaemon(command.Context(), flags, io)
		},
	}
	set := command.Flags()
	set.StringVar(&flags.state, "state", "", "state `directory` (default: where the system keeps such things)")
	set.StringVar(&flags.name, "name", "", "the `name` to be known by (default: the one you had, else your user name)")
	set.StringVar(&flags.join, "join", "", "`invite` to a circle, @FILE, or - for standard input")
	set.StringVar(&flags.listen, "listen", ":0", "UDP `address` to send from")
	set.StringVar(&flags.socket, "socket", "", "`path` of the control socket (default: peerd.sock in the state directory)")
	set.StringVar(&flags.logLevel, "log-level", "warn", "debug, info, warn or error")
	return command
}

// runDaemon runs a daemon until ctx ends.
func runDaemon(ctx context.Context, flags runFlags, io stdio) error {
	config, err := daemonConfig(flags, io)
	if err != nil {
		return err
	}
	d, err := peer.Start(config)
	if err != nil {
		return err
	}
	err = serve(ctx, d, socketPath(flags, config.StateDir), config.Logger, io)
	daemon.SdNotify(false, daemon.SdNotifyStopping)
	return errors.Join(err, d.Close())
}

func daemonConfig(flags runFlags, io stdio) (peer.Config, error) {
	logger, err := newLogger(io.err, flags.logLevel)
	if err != nil {
		return peer.Config{}, err
	}
	config := peer.Config{StateDir: flags.state, Listen: flags.listen, Name: flags.name, Logger: logger}
	if config.StateDir == "" {
		if config.StateDir, err = statedir.Default("peerd"); err != nil {
			return peer.Config{}, err
		}
	}
	config.Invite, err = readInvite(flags.join, io.in)
	return config, err
}

func socketPath(flags runFlags, dir string) string {
	switch {
	case flags.socket != "":
		return flags.socket
	case flags.state == "" && os.Getenv(statedir.SocketVariable) != "":
		return os.Getenv(statedir.SocketVariable)
	}
	return statedir.Socket(dir)
}

// maxInvite bounds what is read as an invite: a host name and 200 characters.
const maxInvite = 4 << 10

// readInvite reads the invite from the argument, from @FILE, or from standard
// input for -, so that it need not show in the list of processes.
func readInvite(argument string, in io.Reader) (*invite.Invite, error) {
	text := argument
	switch {
	case argument == "":
		return nil, nil
	case argument == "-":
		raw, err := io.ReadAll(io.LimitReader(in, maxInvite))
		if err != nil {
			return nil, fmt.Errorf("read invite: %w", err)
		}
		text = string(raw)
	case strings.HasPrefix(argument, "@"):
		raw, err := os.ReadFile(argument[1:])
		if err != nil {
			return nil, fmt.Errorf("read invite: %w", err)
		}
		text = string(raw)
	}
	joined, err := invite.Parse(strings.TrimSpace(text))
	if err != nil {
		return nil, exitcode.With(exitcode.Usage, err)
	}
	return &joined, nil
}

// serve answers peerctl until ctx ends or we are refused at the first login.
func serve(ctx context.Context, d *peer.Daemon, path string, logger zerolog.Logger, io stdio) error {
	listener, err := api.Listen(path)
	if err != nil {
		return err
	}
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
// once it takes too long. It returns a refusal: that takes a person to mend.
func announceReady(ctx context.Context, d *peer.Daemon, io stdio) error {
	patient, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	err := d.AwaitOnline(patient)
	if refused, ok := errors.AsType[wire.Refused](err); ok {
		return exitcode.With(exitcode.Denied, refused)
	}
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		fmt.Fprintf(io.err, "offline: %v; still trying\n", errors.Unwrap(err))
	}
	fmt.Fprintln(io.out, "ready")
	daemon.SdNotify(false, daemon.SdNotifyReady)
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

// hintFor names the next step after an error, or nothing.
func hintFor(err error) string {
	if refused, ok := errors.AsType[wire.Refused](err); ok {
		return refused.Hint()
	}
	if failure, ok := errors.AsType[*api.Error](err); ok {
		return failure.Hint
	}
	if _, ok := errors.AsType[*store.InUseError](err); ok {
		return "stop the other peerd, or give this one a directory of its own with --state"
	}
	switch {
	case errors.Is(err, peer.ErrNoCircle):
		return "join one with: peerd run --join INVITE (rendezvous run prints an invite)"
	case errors.Is(err, os.ErrPermission):
		return "choose a directory you can write to with --state"
	}
	return ""
}
