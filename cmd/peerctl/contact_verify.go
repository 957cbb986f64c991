package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"peerd/internal/printable"
	"peerd/peer/api"
)

func (a *app) contactVerifyCommand() *cobra.Command {
	var request api.VerifyRequest
	drawn := false
	command := &cobra.Command{
		Use:   "verify PEER",
		Short: "Make sure that a peer's key is its owner's",
		Long: `Make sure that a peer's key is its owner's. Shows a safety code, computed from your
key and the peer's, as digits and as words. Both of you run this command and compare
what it shows, one form of it whole, face to face or on the phone. When it is the
same, nobody is between you: record that with --confirm, or have the other side's
code compared with --code.

Or scan: --qr shows a QR code for the other side's camera, --scanned takes what a
scanner read of theirs, "-" from stdin. Each of you scans the other's.

A key that you trust in its place later is not verified.`,
		Example: `  peerctl contact verify bob
  peerctl contact verify bob --confirm
  peerctl contact verify bob --qr
  zbarcam --raw -1 | peerctl contact verify bob --scanned -
  peerctl contact verify bob --code "vitav lusiv zofol dokon sutab lalaz bidat latiz notot malat"`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completePeers,
	}
	command.Flags().StringVar(&request.Code, "code", "", "the `CODE` that the other side shows, digits or words")
	command.Flags().BoolVar(&request.Confirm, "confirm", false, "you have compared the codes, and they are the same")
	command.Flags().BoolVar(&drawn, "qr", false, "show a QR code for the other side to scan")
	command.Flags().StringVar(&request.Scanned, "scanned", "", "the `TEXT` that the other side's QR code says, - reads it from stdin")
	command.RunE = a.with(func(ctx context.Context, client *api.Client, args []string) error {
		request.Name = args[0]
		if request.Scanned == "-" {
			scanned, err := firstLine(a.input(ctx))
			if err != nil {
				return err
			}
			request.Scanned = scanned
		}
		ctx, cancel := a.limited(ctx)
		defer cancel()
		verification, err := client.Verify(ctx, request)
		if err != nil {
			return err
		}
		return a.showVerification(verification, drawn)
	})
	return command
}

// maxScanned bounds what a scanner may say: twenty times what it should.
const maxScanned = 4 << 10

// firstLine reads a line that a scanner wrote; it may go on without end.
func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, maxScanned)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read what was scanned: %w", err)
	}
	if line = strings.TrimSpace(line); line == "" {
		return "", usage(errors.New("nothing was scanned: stdin is empty"))
	}
	return line, nil
}

func (a *app) showVerification(v api.Verification, drawn bool) error {
	if a.json {
		return a.row(v)
	}
	text, name := &a.text.Contact, printable.Line(v.Name)
	lines := []string{printable.Line(v.Digits), printable.Line(v.Words)}
	if drawn {
		var err error
		if lines, err = qrLines(v.QR, a.coloured()); err != nil {
			return err
		}
		a.say(fill(text.QRCode, name))
	} else {
		a.say(fill(text.SafetyCode, name))
	}
	for _, line := range lines {
		if err := a.line("%s", line); err != nil {
			return err
		}
	}
	switch {
	case v.Verified:
		a.say(fill(text.IsVerified, name, instant(v.VerifiedAt)))
	case drawn:
		a.say(fill(text.HowToScan, name))
	default:
		a.say(fill(text.HowToVerify, name))
	}
	return nil
}
