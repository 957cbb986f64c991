package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"peerd/internal/exitcode"
	"peerd/internal/name"
	"peerd/rendezvous"
	"peerd/wire"
)

// shortestKey is how much of a key names a peer: 40 bits, which two members share by
// chance once in a trillion pairs, and by effort in hours. Then both are named, and
// neither is removed.
const shortestKey = 8

const (
	kickHelp = `End a membership: the peer is logged out at once, nothing is relayed for it, its row
leaves everybody's roster, and its name is free. It can come back with an invite made
afterwards, and with nothing else: not with the certificate that members have, nor with
an older invite.

Name it by its key, by 8 or more of the first characters of that, or by its name.`
	banHelp = `End a membership, as kick does, and refuse the key from then on, whatever invite it
shows. A whole key can be banned before it was ever here.

A ban is of the key. Who has an invite that is open, or finds the circle open, can come
with another key: see invite ls.`
	directHelp = `

Members who have a direct path to the peer keep it, as it does not lead through the
rendezvous. Each can end it: peerctl contact block PEER.`
)

func newKick(io stdio) *cobra.Command {
	return newRemoval(io, &cobra.Command{
		Use:   "kick PEER",
		Short: "End a membership; the peer can come back with a new invite",
		Long:  kickHelp + directHelp,
	}, rendezvous.Admin.Kick)
}

func newBan(io stdio) *cobra.Command {
	return newRemoval(io, &cobra.Command{
		Use:   "ban PEER",
		Short: "End a membership and refuse the key, whatever it shows",
		Long:  banHelp + directHelp,
	}, rendezvous.Admin.Ban)
}

// newRemoval completes the command that does what remove does.
func newRemoval(io stdio, command *cobra.Command, remove func(rendezvous.Admin, wire.Key, string) (rendezvous.Peer, error)) *cobra.Command {
	var dir, reason string
	var asJSON bool
	command.Args = usageArgs(cobra.ExactArgs(1))
	command.ValidArgsFunction = completePeers(&dir, isMember)
	command.RunE = func(_ *cobra.Command, args []string) error {
		return withAdmin(dir, func(admin rendezvous.Admin) error {
			chosen, err := choose(admin, args[0], isMember)
			if err != nil {
				return err
			}
			removed, err := remove(admin, chosen, reason)
			if err != nil {
				return unknownPeer(err)
			}
			if asJSON {
				return printJSON(io, peerRow{V: 1, Peer: removed})
			}
			if err := printPeer(io, removed); err != nil {
				return err
			}
			return warnOfReturn(io, admin, removed)
		})
	}
	command.Flags().StringVar(&reason, "reason", "", "why: one `line`, which the peer is told too")
	addState(command, &dir)
	addJSON(command, &asJSON)
	return command
}

func newUnban(io stdio) *cobra.Command {
	var dir string
	var asJSON bool
	command := &cobra.Command{
		Use:   "unban KEY",
		Short: "Let a banned key join again, with an invite made after the ban",
		Args:  usageArgs(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			return withAdmin(dir, func(admin rendezvous.Admin) error {
				chosen, err := choose(admin, args[0], isBanned)
				if err != nil {
					return err
				}
				unbanned, err := admin.Unban(chosen)
				if err != nil {
					return unknownPeer(err)
				}
				if asJSON {
					return printJSON(io, peerRow{V: 1, Peer: unbanned})
				}
				_, err = fmt.Fprintf(io.out, "unbanned %s, key %s\n", cmp.Or(unbanned.Name, "-"), unbanned.Key)
				return err
			})
		},
	}
	command.ValidArgsFunction = completePeers(&dir, isBanned)
	addState(command, &dir)
	addJSON(command, &asJSON)
	return command
}

func isBanned(p rendezvous.Peer) bool { return p.State == rendezvous.PeerBanned }
func isMember(p rendezvous.Peer) bool { return !isBanned(p) }

// choose returns the key that the user means, of those peers that are eligible. A whole
// key is taken as it is: it may be nobody's yet.
func choose(admin rendezvous.Admin, typed string, eligible func(rendezvous.Peer) bool) (wire.Key, error) {
	if key, err := wire.ParseKey(typed); err == nil {
		return key, nil
	}
	peers, err := admin.Peers()
	if err != nil {
		return wire.Key{}, err
	}
	var meant []rendezvous.Peer
	for _, p := range peers {
		if eligible(p) && isCalled(p, typed) {
			meant = append(meant, p)
		}
	}
	switch len(meant) {
	case 0:
		return wire.Key{}, exitcode.With(exitcode.NoSuchPeer, noSuchPeer{fmt.Errorf("no such peer: %+q", typed)})
	case 1:
		return meant[0].Key, nil
	}
	return wire.Key{}, usageError(ambiguous{typed, meant})
}

// isCalled reports whether typed is the name of p, as far as names can be told apart,
// or the beginning of its key.
func isCalled(p rendezvous.Peer, typed string) bool {
	if len(typed) >= shortestKey && strings.HasPrefix(p.Key.String(), typed) {
		return true
	}
	normal, err := name.Normalize(typed)
	return err == nil && p.Name != "" && name.Fold(normal) == name.Fold(p.Name)
}

// ambiguous is the error of a word that means several peers.
type ambiguous struct {
	typed string
	meant []rendezvous.Peer
}

func (a ambiguous) Error() string { return fmt.Sprintf("%+q means %d peers", a.typed, len(a.meant)) }

// Hint lists the peers.
func (a ambiguous) Hint() string {
	var list []string
	for _, p := range a.meant {
		list = append(list, p.Key.String()+" ("+cmp.Or(p.Name, "no name")+")")
	}
	return "give the key: " + strings.Join(list, " or ")
}

// unknownPeer marks an error about who does not exist.
func unknownPeer(err error) error {
	if errors.Is(err, rendezvous.ErrNoSuchMember) || errors.Is(err, rendezvous.ErrNotBanned) {
		return exitcode.With(exitcode.NoSuchPeer, noSuchPeer{err})
	}
	return err
}

// noSuchPeer adds where to find peers.
type noSuchPeer struct{ error }

func (noSuchPeer) Hint() string {
	return "list them with: rendezvous peers; of a key, 8 characters are enough"
}

// printPeer shows whom a command has removed.
func printPeer(io stdio, p rendezvous.Peer) error {
	_, err := fmt.Fprintf(io.out, "%s %s, key %s\n", p.State, cmp.Or(p.Name, "-"), p.Key)
	return err
}

// warnOfReturn names the ways in that are left to whoever was removed.
func warnOfReturn(io stdio, admin rendezvous.Admin, removed rendezvous.Peer) error {
	invites, err := admin.Invites()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(invites, func(i rendezvous.Invite) bool {
		return i.ID == removed.Invite && i.State == rendezvous.InviteOpen
	}) {
		fmt.Fprintf(io.err, "the invite it joined with is still open to other keys: rendezvous invite revoke %s\n", removed.Invite)
	}
	return sayOpen(io, admin)
}

// completePeers offers the names and keys of eligible peers to the shell.
func completePeers(dir *string, eligible func(rendezvous.Peer) bool) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) (words []string, _ cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		err := withAdmin(*dir, func(admin rendezvous.Admin) error {
			peers, err := admin.Peers()
			for _, p := range peers {
				if !eligible(p) {
					continue
				}
				if p.Name != "" {
					words = append(words, p.Name)
				}
				words = append(words, p.Key.String())
			}
			return err
		})
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}
