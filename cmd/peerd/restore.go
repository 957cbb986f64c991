package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"peerd/internal/exitcode"
	"peerd/internal/printable"
	"peerd/peer/backup"
)

func newRestore(io stdio) *cobra.Command {
	state, force := "", false
	command := &cobra.Command{
		Use:   "restore FILE|-",
		Short: "Make a state directory of a backup",
		Long: `Make a state directory of a file that "peerd backup" has written, or of standard
input. It is checked as a whole before anything changes. Run it as the user who runs
the daemon.

The directory must be empty and no daemon may run in it. With --force, the state that
is there is set aside, in a directory beside it, which keeps the key and messages of
the other life until you delete it.

What was received after the backup was made is not in it, and whoever sent that will
not send it again: it was acknowledged. What was still queued when the backup was made
may be sent again; recipients recognise what they have. Nothing arrives twice, and
what you write from now on follows what you wrote before. Contacts that were verified,
trusted or blocked since have to be so again. Never let two daemons run with the same
key: only one of them would be online at a time, and each would get a part of what is
sent to you.`,
		Example: `  peerd restore ~/peerd.backup
  age -d peerd.backup.age | peerd restore - --state ./state`,
		Args: exactlyOne("FILE"),
		RunE: func(command *cobra.Command, args []string) error {
			return restore(command.Context(), args[0], state, force, io)
		},
	}
	command.Flags().StringVar(&state, "state", "", "state `directory` (default: where the system keeps such things)")
	command.Flags().BoolVar(&force, "force", false, "set aside what is there")
	return command
}

func restore(ctx context.Context, path, state string, force bool, io stdio) error {
	dir, err := stateDirectory(state)
	if err != nil {
		return err
	}
	from := io.in
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return exitcode.With(exitcode.Usage, err)
		}
		defer file.Close()
		from = file
	}
	restored, err := backup.Restore(ctx, from, dir, force, time.Now())
	if err != nil {
		return err
	}
	if restored.SetAside != "" {
		fmt.Fprintf(io.err, "what was there before, with its private key, is in %s\n", restored.SetAside)
	}
	_, err = fmt.Fprintf(io.out, "restored %s of %s as of %s\n", printable.Line(restored.Name), printable.Line(restored.Circle),
		restored.MadeAt.Local().Format(time.DateTime))
	return err
}
