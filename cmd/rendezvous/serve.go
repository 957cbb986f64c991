package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"peerd/internal/eventlog"
	"peerd/rendezvous"
)

// gcPercent is how much garbage, in percent of the memory in use, is made
// before it is collected. Most of what a rendezvous holds is idle peers, about
// 12 KiB of heap each, and Go's 100 percent would double that. Relaying makes
// no garbage, so the price is paid at logins.
const gcPercent = 15

// serveFlags are the flags of rendezvous run.
type serveFlags struct {
	config   rendezvous.Config
	logLevel string
	logJSON  bool
}

func newRun(io stdio) *cobra.Command {
	var flags serveFlags
	command := &cobra.Command{
		Use:   "run",
		Short: "Serve peers until interrupted",
		Long: `Serve peers until interrupted.

The first start creates a key, the state, and an invite for 16 peers and 24
hours, and prints the invite. Every start prints "ready" when peers are served.
Open the port for UDP and TCP, and the next one for UDP.

With --open, anybody who has the address of the circle becomes a member without an
invite, sees who is there, and can talk to everybody; the address is printed at every
start and is no secret. New members are rationed. Invites work too.

With --classic, programs that speak the original text protocol can log in at
that address too, see each other and talk. Anybody can, whoever reaches it, and
nothing of it is encrypted: it is off unless you ask for it. Peers that run with
--classic are in their list and talk with them; others are not. Open that port
for UDP and TCP.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			return serve(command.Context(), flags, io)
		},
	}
	set := command.Flags()
	set.StringVar(&flags.config.Listen, "listen", rendezvous.DefaultListen, "`address` for UDP and TCP; the next port is used too")
	set.StringVar(&flags.config.Advertise, "advertise", "", "`HOST[:PORT]` that invites name (default: this machine's own address)")
	set.StringSliceVar(&flags.config.SecondAddresses, "second-address", nil,
		"another `address` of this machine, to tell peers more about their routers; or none (default: a second public IPv4 address)")
	set.StringVar(&flags.config.Circle, "circle", rendezvous.DefaultCircle, "`name` of the circle")
	set.BoolVar(&flags.config.Open, "open", false, "let anybody join without an invite")
	set.IntVar(&flags.config.RelayRate, "relay-rate", rendezvous.DefaultRelayRate, "`bytes` per second that one peer may have relayed")
	set.StringVar(&flags.config.Classic, "classic", "",
		"IPv4 `address`, such as :7799, where the original text protocol is spoken, unencrypted (default: none)")
	set.StringVar(&flags.config.Metrics, "metrics", "", "`address` of HTTP metrics and health check, such as 127.0.0.1:9100 (default: none)")
	set.BoolVar(&flags.config.MetricsPublic, "metrics-public", false, "allow --metrics on an address that is not loopback")
	set.StringVar(&flags.logLevel, "log-level", "warn", "debug, info, warn or error")
	set.BoolVar(&flags.logJSON, "log-json", false, "log JSON lines, also to a terminal")
	addState(command, &flags.config.StateDir)
	return command
}

// serve runs a rendezvous until ctx ends.
func serve(ctx context.Context, flags serveFlags, io stdio) (err error) {
	config := flags.config
	if config.Logger, err = eventlog.New(io.err, flags.logLevel, flags.logJSON); err != nil {
		return err
	}
	if config.StateDir, err = stateDir(config.StateDir); err != nil {
		return err
	}
	if config.RelayRate < 1 {
		return usageError(fmt.Errorf("relay rate %d: want at least one byte per second", config.RelayRate))
	}
	// Without systemd this does nothing.
	config.Notify = func(state string) { _, _ = daemon.SdNotify(false, state) }
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	server, err := rendezvous.Open(config)
	if err != nil {
		return err
	}
	if err := announce(server, io); err != nil {
		_ = server.Close()
		return err
	}
	return server.Serve(ctx)
}

// announce prints the first invite, and that peers may come. The sockets are
// bound: who connects before Serve accepts waits in the kernel's queue.
func announce(server *rendezvous.Server, io stdio) error {
	if warning := rendezvous.AdvertiseWarning(server.Advertised()); warning != "" {
		fmt.Fprintln(io.err, "warning: "+warning)
	}
	if at := server.ClassicAddr(); at.IsValid() {
		fmt.Fprintf(io.err, "classic protocol on %s, UDP and TCP, unencrypted\n", at)
	}
	if server.StateLost() {
		fmt.Fprintln(io.err, "warning: the state file is gone. Members come back by themselves, under the names they had;"+
			" all invites are void, and nobody is banned any more. When the members are back: rendezvous invite create")
	}
	if server.IsOpen() {
		fmt.Fprintln(io.err, "warning: the circle is open: anybody may join, without an invite, with the address below")
		fmt.Fprintln(io.out, server.OpenInvite().String())
	} else if server.FirstStart() {
		invite, err := server.CreateInvite(rendezvous.DefaultInviteUses, rendezvous.DefaultInviteLife)
		if err != nil {
			return err
		}
		fmt.Fprintln(io.out, invite.String())
	}
	_, err := fmt.Fprintln(io.out, "ready")
	return err
}
