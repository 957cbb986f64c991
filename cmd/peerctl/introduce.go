package main

import (
	"context"

	"github.com/spf13/cobra"

	"peerd/internal/printable"
	"peerd/peer/api"
)

func (a *app) introduceCommand() *cobra.Command {
	policies := []string{string(api.IntroduceCircle), string(api.IntroduceContacts), string(api.IntroduceRelayOnly)}
	return &cobra.Command{
		Use:   "introduce [circle|contacts|relay-only]",
		Short: "See and change who may learn where you are",
		Long: `See and change who may learn where you are: the addresses of this machine and of its
router, which a direct path takes. The setting survives restarts; "peerd run
--introduce" makes the same one.

circle      every member who asks (this is so at first)
contacts    peers that you have added, verified, named or written to; not those that
            have only written to you: as soon as you answer them there is a direct path
relay-only  nobody

With everybody else you talk through the rendezvous' relay: messages arrive, files move
at the relay's speed, and nobody but the rendezvous sees where you are. A blocked peer,
or another key under a contact's name, is not shown it under any setting. What a peer
has learned before, it knows.`,
		Example: `  peerctl introduce
  peerctl introduce contacts`,
		Args:      usageArgs(cobra.MaximumNArgs(1)),
		ValidArgs: policies,
		RunE: a.with(func(ctx context.Context, client *api.Client, args []string) error {
			ctx, cancel := a.limited(ctx)
			defer cancel()
			if len(args) == 0 {
				status, err := client.Status(ctx)
				if err != nil {
					return err
				}
				return a.showIntroductions(api.Introductions{Introduce: status.Introduce})
			}
			policy, err := api.ParseIntroduce(args[0])
			if err != nil {
				return err
			}
			introductions, err := client.SetIntroduce(ctx, api.IntroduceRequest{Introduce: policy})
			if err != nil {
				return err
			}
			return a.showIntroductions(introductions)
		}),
	}
}

func (a *app) showIntroductions(i api.Introductions) error {
	if a.json {
		return a.row(i)
	}
	return a.line(a.text.Introduce.Is, printable.Line(string(i.Introduce)), word(a.text.Introduce.Means, i.Introduce))
}

// refusesDirect reports whether waiting for a direct path to a peer is in vain: it may
// not learn where we are.
func (a *app) refusesDirect(ctx context.Context, client *api.Client, peer string) bool {
	why, err := client.Why(ctx, peer)
	return err == nil && why.Reason == api.ReasonOurPolicy
}

// onlyRelayed is the failure for a peer that is reached through the relay only, with
// the reason if that is somebody's decision.
func (a *app) onlyRelayed(client *api.Client, peer string) error {
	ctx, cancel := context.WithTimeout(context.Background(), answerGrace)
	defer cancel()
	text := a.text.OnlyRelayed
	why, err := client.Why(ctx, peer)
	if err == nil && (why.Reason == api.ReasonOurPolicy || why.Reason == api.ReasonTheirPolicy) {
		text.Cause += a.text.Colon + word(a.text.Why.Reason, why.Reason)
	}
	return failure(api.CodeOnlyRelayed, text, peer)
}
