package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"peerd/internal/exitcode"
	"peerd/internal/statedir"
	"peerd/peer"
	"peerd/peer/api"
)

func newBackup(io stdio) *cobra.Command {
	var flags runFlags
	command := &cobra.Command{
		Use:   "backup FILE|-",
		Short: "Keep the key, the messages and the contacts in one file",
		Long: `Keep the key, the messages, the contacts and the membership in one file, for "peerd
restore". The daemon may run and go on meanwhile. "-" writes to standard output.

The file contains the private key, and everything said: whoever has it is you. It is
readable by its owner only (mode 0600); keep it as you would keep the key, or pipe it
through a program that encrypts. Files that peers sent are not part of it.

A new backup takes the place of FILE once it is whole.`,
		Example: `  peerd backup ~/peerd.backup
  peerd backup - | age -p > peerd.backup.age`,
		Args: exactlyOne("FILE"),
		RunE: func(command *cobra.Command, args []string) error {
			return backUp(command.Context(), flags, args[0], io)
		},
	}
	set := command.Flags()
	set.StringVar(&flags.state, "state", "", "state `directory` (default: where the system keeps such things)")
	set.StringVar(&flags.socket, "socket", "", "`path` of the control socket (default: $PEERD_SOCKET, else peerd.sock in the state directory)")
	return command
}

// exactlyOne refuses all but one argument as a wrong command line.
func exactlyOne(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return exitcode.With(exitcode.Usage, fmt.Errorf("give one %s", what))
		}
		return nil
	}
}

func backUp(ctx context.Context, flags runFlags, path string, io stdio) error {
	dir, err := stateDirectory(flags.state)
	if err != nil {
		return err
	}
	write := func(w writer) error { return writeBackup(ctx, flags, dir, w) }
	if path == "-" {
		if f, ok := io.out.(*os.File); ok && isTerminal(f) {
			return exitcode.With(exitcode.Usage, errors.New("a backup is nothing to show on a terminal: give a FILE, or redirect it"))
		}
		err = write(io.out)
	} else {
		err = replaceFile(path, write)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(io.err, "the backup contains your private key: keep it where nobody else can read it")
	return nil
}

// writer is io.Writer; here io is our own streams.
type writer = io.Writer

// writeBackup has the daemon write the backup, or does it itself where none runs.
func writeBackup(ctx context.Context, flags runFlags, dir string, w writer) error {
	client := api.NewClient(socketPath(flags, dir))
	defer client.Close()
	err := client.Backup(ctx, w)
	if e, ok := errors.AsType[*api.Error](err); ok && e.Code == api.CodeUnreachable && e.Subject != "" {
		return peer.BackUp(ctx, w, dir)
	}
	return err
}

// replaceFile gives path its new content once all of it is on the disk. Nobody
// else can read it, before or after.
func replaceFile(path string, write func(writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	err = errors.Join(write(file), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

func stateDirectory(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	return statedir.Default("peerd")
}
