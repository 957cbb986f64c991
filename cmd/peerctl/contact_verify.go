package main

import (
	"context"

	"github.com/spf13/cobra"

	"peerd/internal/printable"
	"peerd/peer/api"
)

func (a *app) contactVerifyCommand() *cobra.Command {
	var request api.VerifyRequest
	command := &cobra.Command{
		Use:   "verify PEER",
		Short: "Make sure that a peer's key is its owner's",
		Long: `Make sure that a peer's key is its owner's. Shows a safety code, computed from your
key and the peer's, as digits and as words. Both of you run this command and compare
what it shows, one form of it whole, face to face or on the phone. When it is the
same, nobody is between you: record that with --confirm, or have the other side's
code compared with --code.

A key that you trust in its place later is not verified.`,
		Example: `  peerctl contact verify bob
  peerctl contact verify bob --confirm
  peerctl contact verify bob --code "vitav lusiv zofol dokon sutab lalaz bidat latiz notot malat"`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completePeers,
	}
	command.Flags().StringVar(&request.Code, "code", "", "the `CODE` that the other side shows, digits or words")
	command.Flags().BoolVar(&request.Confirm, "confirm", false, "you have compared the codes, and they are the same")
	command.RunE = a.with(func(ctx context.Context, client *api.Client, args []string) error {
		ctx, cancel := a.limited(ctx)
		defer cancel()
		request.Name = args[0]
		verification, err := client.Verify(ctx, request)
		if err != nil {
			return err
		}
		return a.showVerification(verification)
	})
	return command
}

func (a *app) showVerification(v api.Verification) error {
	if a.json {
		return a.row(v)
	}
	text, name := &a.text.Contact, printable.Line(v.Name)
	a.say(fill(text.SafetyCode, name))
	for _, form := range []string{v.Digits, v.Words} {
		if err := a.line("%s", printable.Line(form)); err != nil {
			return err
		}
	}
	if v.Verified {
		a.say(fill(text.IsVerified, name, instant(v.VerifiedAt)))
	} else {
		a.say(fill(text.HowToVerify, name))
	}
	return nil
}
