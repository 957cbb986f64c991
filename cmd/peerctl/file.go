package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"peerd/internal/exitcode"
	"peerd/internal/printable"
	"peerd/peer/api"
)

func (a *app) fileCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "file",
		Short: "Send files and folders, and decide about those that peers offer",
		Long: `Send files and folders, and decide about those that peers offer.

A file is offered; it moves when its recipient has accepted it, directly and
encrypted, and goes on by itself after whatever interrupts it. Nothing that has
arrived is sent again. Files of peers are put into the download folder of peerd
("peerd run --downloads DIR"), and never over one that is there.`,
		Args: usageArgs(knownCommand),
		RunE: func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(a.fileSendCommand(), a.fileListCommand(), a.fileAcceptCommand(),
		a.fileDecisionCommand(api.FileDecline, "Decline what a peer offers"),
		a.fileDecisionCommand(api.FileCancel, "Cancel what is not done, whoever offered it"),
		a.filePolicyCommand())
	return command
}

func (a *app) fileSendCommand() *cobra.Command {
	wait := string(api.TransferDone)
	command := &cobra.Command{
		Use:   "send PATH... PEER",
		Short: "Offer files and folders to a peer, and watch them move",
		Long: `Offer files and folders to a peer, and watch them move. Links in a folder are not
followed.

peerd reads the files, as the user it runs as, and has to find them unchanged until
they have moved. The offer waits for a peer that is away. This command gives up when
nothing happens for --timeout (exit code 6): the transfer goes on without it. It
exits with 8 when the peer has declined.`,
		Example: `  peerctl file send holiday.zip bob
  peerctl file send photos/ notes.txt bob --wait offered`,
		Args:              usageArgs(cobra.MinimumNArgs(2)),
		ValidArgsFunction: a.completeFileThenPeer,
	}
	command.Flags().StringVar(&wait, "wait", wait, "wait until it is stored (here), offered, accepted or done")
	command.RunE = a.with(func(ctx context.Context, client *api.Client, args []string) error {
		wanted, err := parseTransferGoal(wait)
		if err != nil {
			return err
		}
		return a.sendFiles(ctx, client, args[:len(args)-1], args[len(args)-1], wanted)
	})
	return command
}

// sendFiles offers every path, then follows what was offered.
func (a *app) sendFiles(ctx context.Context, client *api.Client, paths []string, peer string, wanted transferGoal) error {
	code := exitcode.OK
	var offered []api.Transfer
	for _, path := range paths {
		row, err := a.offerFile(ctx, client, path, peer)
		if err != nil {
			code = worse(code, a.finish(ctx, err))
			continue
		}
		if row.Skipped > 0 {
			a.say(fill(a.text.File.Skipped, row.Skipped, printable.Line(row.Name)))
		}
		offered = append(offered, row)
	}
	if err := a.followTransfers(ctx, client, offered, wanted); err != nil {
		code = worse(code, a.finish(ctx, err))
	}
	if code != exitcode.OK {
		return reported{code}
	}
	return nil
}

// offerFile has the daemon read and offer what is at path. That takes as long as it
// takes: no timeout.
func (a *app) offerFile(ctx context.Context, client *api.Client, path, peer string) (api.Transfer, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return api.Transfer{}, fmt.Errorf("find %s: %w", path, err)
	}
	defer a.sayAfter(time.Second, fill(a.text.File.Reading, printable.Line(path)))()
	return client.OfferFile(ctx, api.FileOffer{To: peer, Path: absolute})
}

func (a *app) fileListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "ls",
		Short: "List what was offered, by you and to you, the newest last",
		Args:  usageArgs(cobra.NoArgs),
		RunE: a.with(func(ctx context.Context, client *api.Client, _ []string) error {
			ctx, cancel := a.limited(ctx)
			defer cancel()
			transfers, err := client.Transfers(ctx)
			if err != nil {
				return err
			}
			return a.showTransfers(transfers)
		}),
	}
}

func (a *app) showTransfers(transfers []api.Transfer) error {
	if a.json {
		for _, transfer := range transfers {
			if err := a.row(transfer); err != nil {
				return err
			}
		}
		return nil
	}
	if len(transfers) == 0 {
		a.say(a.text.File.None)
		return nil
	}
	var t table
	t.add(a.text.File.Header...)
	for _, transfer := range transfers {
		direction := a.text.File.From
		if transfer.Outgoing {
			direction = a.text.File.To
		}
		t.add(transfer.ID, fill(direction, transfer.Peer), a.fileName(transfer), byteCount(transfer.Size), a.transferState(transfer))
	}
	return a.print(t)
}

// fileName is a transfer's name, or where it has been put.
func (a *app) fileName(t api.Transfer) string {
	switch {
	case t.Path != "" && !t.Outgoing:
		return t.Path
	case t.Folder:
		return t.Name + "/"
	}
	return t.Name
}

// transferState describes how far a transfer is: running 45%, failed: the file has changed.
func (a *app) transferState(t api.Transfer) string {
	text := word(a.text.File.State, t.State)
	if t.State == api.TransferRunning || !t.State.Final() && t.Moved > 0 {
		text += fmt.Sprintf(" %d%%", percent(t))
	}
	if t.Reason != "" {
		text += a.text.Colon + word(a.text.File.Reason, t.Reason)
	}
	return text
}

func percent(t api.Transfer) int64 {
	if t.Size == 0 {
		return 100
	}
	return t.Moved * 100 / t.Size
}

func (a *app) fileAcceptCommand() *cobra.Command {
	wait := string(api.TransferDone)
	command := &cobra.Command{
		Use:   "accept ID...",
		Short: "Accept what a peer offers, and watch it move",
		Long: `Accept what a peer offers, and watch it move. This command gives up when nothing
happens for --timeout (exit code 6): the transfer goes on without it.`,
		Args:              usageArgs(cobra.MinimumNArgs(1)),
		ValidArgsFunction: a.completeTransfers,
	}
	command.Flags().StringVar(&wait, "wait", wait, "wait until it is accepted or done")
	command.RunE = a.with(func(ctx context.Context, client *api.Client, ids []string) error {
		wanted, err := parseTransferGoal(wait)
		if err != nil {
			return err
		}
		accepted, code := a.decideFiles(ctx, client, api.FileAccept, ids)
		if err := a.followTransfers(ctx, client, accepted, wanted); err != nil {
			code = worse(code, a.finish(ctx, err))
		}
		if code != exitcode.OK {
			return reported{code}
		}
		return nil
	})
	return command
}

func (a *app) fileDecisionCommand(verb api.FileVerb, short string) *cobra.Command {
	return &cobra.Command{
		Use:               string(verb) + " ID...",
		Short:             short,
		Args:              usageArgs(cobra.MinimumNArgs(1)),
		ValidArgsFunction: a.completeTransfers,
		RunE: a.with(func(ctx context.Context, client *api.Client, ids []string) error {
			decided, code := a.decideFiles(ctx, client, verb, ids)
			for _, transfer := range decided {
				if err := a.showTransfer(transfer); err != nil {
					return err
				}
			}
			if code != exitcode.OK {
				return reported{code}
			}
			return nil
		}),
	}
}

// decideFiles decides about each transfer, and reports what went wrong.
func (a *app) decideFiles(ctx context.Context, client *api.Client, verb api.FileVerb, ids []string) (decided []api.Transfer, code int) {
	limited, cancel := a.limited(ctx)
	defer cancel()
	for _, id := range ids {
		transfer, err := client.DecideFile(limited, api.FileDecision{ID: id, Verb: verb})
		if err != nil {
			code = worse(code, a.finish(ctx, err))
			continue
		}
		decided = append(decided, transfer)
	}
	return decided, code
}

func (a *app) filePolicyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "policy PEER [ask|auto|never]",
		Short: "See or change what happens to a peer's offers",
		Long: `See or change what happens to a peer's offers: you are asked about each, they are
accepted while there is room on the disk, or declined. The policy is bound to the
peer's key, not to its name.`,
		Args: usageArgs(cobra.RangeArgs(1, 2)),
		ValidArgsFunction: func(command *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 1 {
				return []string{"ask", "auto", "never"}, cobra.ShellCompDirectiveNoFileComp
			}
			return a.completePeers(command, args, prefix)
		},
		RunE: a.with(func(ctx context.Context, client *api.Client, args []string) error {
			ctx, cancel := a.limited(ctx)
			defer cancel()
			request := api.FilePolicy{Peer: args[0]}
			if len(args) == 2 {
				policy, err := api.ParsePolicy(args[1])
				if err != nil {
					return usage(err)
				}
				request.Policy = policy
			}
			row, err := client.FilePolicy(ctx, request)
			if err != nil {
				return err
			}
			if a.json {
				return a.row(row)
			}
			return a.line(word(a.text.File.Policy, row.Policy), printable.Line(row.Peer))
		}),
	}
}

// completeFileThenPeer offers files first, and peers as well from the second
// argument on.
func (a *app) completeFileThenPeer(command *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	names, _ := a.completePeers(command, args, prefix)
	return names, cobra.ShellCompDirectiveDefault
}

// completeTransfers offers the ids of what is not done, with the names.
func (a *app) completeTransfers(command *cobra.Command, _ []string, _ string) (ids []string, _ cobra.ShellCompDirective) {
	ctx, cancel := a.brief()
	defer cancel()
	err := a.with(func(_ context.Context, client *api.Client, _ []string) error {
		transfers, err := client.Transfers(ctx)
		for _, t := range transfers {
			if !t.State.Final() && printable.Line(t.ID) == t.ID {
				ids = append(ids, t.ID+"\t"+printable.Line(t.Name))
			}
		}
		return err
	})(command, nil)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

// byteCount returns a size as people read it: 17 B, 2.5 MB.
func byteCount(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, prefix := float64(n)/unit, 0
	for value >= unit && prefix < 4 {
		value /= unit
		prefix++
	}
	return fmt.Sprintf("%.1f %cB", value, "kMGTP"[prefix])
}
