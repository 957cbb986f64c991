package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"peerd/internal/exitcode"
	"peerd/internal/printable"
	"peerd/peer/api"
)

// transferGoal is how far a transfer shall come before a command ends.
type transferGoal int

const (
	goalStored transferGoal = iota
	goalOffered
	goalAccepted
	goalDone
)

func parseTransferGoal(text string) (transferGoal, error) {
	goals := []string{"stored", "offered", "accepted", "done"}
	if i := slices.Index(goals, text); i >= 0 {
		return transferGoal(i), nil
	}
	return 0, usage(errors.New("--wait: use stored, offered, accepted or done"))
}

// reached reports whether a transfer in this state has come as far as the goal, or
// will never come any further.
func (g transferGoal) reached(s api.TransferState) bool {
	switch s {
	case api.TransferQueued:
		return g <= goalStored
	case api.TransferOffered:
		return g <= goalOffered
	case api.TransferAccepted, api.TransferRunning, api.TransferPaused:
		return g <= goalAccepted
	}
	return true
}

// errSilence ends the wait for transfers about which nothing is heard.
var errSilence = errors.New("nothing has happened")

// followTransfers shows transfers until all have reached the goal, or none of them
// has changed for the user's timeout. It shows the outcomes and returns the worst.
func (a *app) followTransfers(ctx context.Context, client *api.Client, transfers []api.Transfer, goal transferGoal) error {
	if len(transfers) == 0 {
		return nil
	}
	view := a.newTransferView(transfers, goal)
	err := a.awaitTransfers(ctx, client, view)
	view.close()
	if err != nil && !errors.Is(err, errSilence) {
		return err
	}
	code := exitcode.OK
	for _, t := range view.transfers {
		if err := a.showOutcome(t, goal); err != nil {
			code = worse(code, a.finish(ctx, err))
		}
	}
	if code != exitcode.OK {
		return reported{code}
	}
	return nil
}

// awaitTransfers updates the view until all have reached the goal.
func (a *app) awaitTransfers(ctx context.Context, client *api.Client, view *transferView) error {
	if view.reached() {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(a.timeout, func() { cancel(errSilence) })
	defer silence.Stop()
	// Subscribed first: what changes while the list is made comes twice, not never.
	events, err := client.Events(ctx, api.TypeFile)
	if err != nil {
		return err
	}
	defer events.Close()
	current, err := client.Transfers(ctx)
	if err != nil {
		return err
	}
	for _, t := range current {
		if _, err := view.update(t); err != nil {
			return err
		}
	}
	if view.reached() {
		return nil
	}
	for event, err := range events.All() {
		if err != nil {
			return err
		}
		if event, ok := event.(api.FileEvent); ok {
			changed, err := view.update(event.Transfer)
			if err != nil {
				return err
			}
			if changed {
				silence.Reset(a.timeout)
			}
		}
		if view.reached() {
			return nil
		}
	}
	return nil
}

// showOutcome shows where a transfer has got to. The error says that this is not
// what was wanted.
func (a *app) showOutcome(t api.Transfer, goal transferGoal) error {
	text, name := &a.text.File, printable.Line(t.Name)
	if err := a.showTransfer(t); err != nil {
		return err
	}
	switch {
	case t.State == api.TransferDeclined:
		return failure(api.CodeDeclined, text.WasDeclined, printable.Line(t.Peer), name)
	case t.State == api.TransferCancelled:
		return failure(api.CodeOther, text.WasCancelled, name)
	case t.State == api.TransferFailed:
		return failure(api.CodeOther, text.HasFailed, name, word(text.Reason, t.Reason))
	case !goal.reached(t.State):
		return failure(api.CodeNotReached, text.NotDone, name, word(text.State, t.State), t.ID)
	}
	return nil
}

// showTransfer shows a transfer as a result.
func (a *app) showTransfer(t api.Transfer) error {
	if a.json {
		return a.row(t)
	}
	return a.line("%s", a.describeTransfer(t))
}

// describeTransfer is a transfer in a line: photo.jpg  from alice  2.5 MB  running 45%.
func (a *app) describeTransfer(t api.Transfer) string {
	direction := a.text.File.From
	if t.Outgoing {
		direction = a.text.File.To
	}
	return strings.Join([]string{printable.Line(a.fileName(t)), fill(direction, printable.Line(t.Peer)), byteCount(t.Size), a.transferState(t)}, "  ")
}
