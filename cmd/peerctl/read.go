package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"peerd/peer/api"
)

// reader is one run of peerctl read.
type reader struct {
	*app
	client                    *api.Client
	peer                      string // whose messages; empty means everybody's
	unread, follow, noReceipt bool
}

func (a *app) readCommand() *cobra.Command {
	r := reader{app: a}
	command := &cobra.Command{
		Use:   "read [PEER]",
		Short: "Show received messages and mark them read",
		Long: `Show received messages, oldest first, and mark them read, which tells their
sender. A message is marked only after it has been written out. To look without
marking: peerctl watch.`,
		Args:              usageArgs(cobra.MaximumNArgs(1)),
		ValidArgsFunction: a.completeRecipients,
		RunE: a.with(func(ctx context.Context, client *api.Client, args []string) error {
			r.client = client
			if len(args) > 0 {
				r.peer = args[0]
			}
			return r.run(ctx)
		}),
	}
	command.Flags().BoolVar(&r.unread, "unread", false, "only messages not read before")
	command.Flags().BoolVar(&r.follow, "follow", false, "go on with messages as they arrive")
	command.Flags().BoolVar(&r.noReceipt, "no-receipt", false, "do not tell the senders")
	return command
}

func (r *reader) run(ctx context.Context) error {
	if !r.follow {
		_, err := r.backlog(ctx)
		return err
	}
	// Subscribe first: what arrives while the backlog is shown comes twice, and
	// is recognised by its id, rather than not at all.
	events, err := r.subscribe(ctx, r.client, api.TypeMessage, api.TypeEdit)
	if err != nil {
		return err
	}
	defer events.Close()
	sender, err := r.sender(ctx)
	if err != nil {
		return err
	}
	shown, err := r.backlog(ctx)
	if err != nil {
		return err
	}
	for event, err := range events.All() {
		if err != nil {
			return err
		}
		switch event := event.(type) {
		case api.Message:
			if _, twice := shown[idOf(event)]; !twice && r.wants(event, sender) {
				err = r.show(ctx, event)
			}
		case api.Edit:
			if shown[idOf(event.Message)] != event.Message && !event.Outgoing && r.wants(event.Message, sender) {
				err = r.showEdit(event)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// wants reports whether a message is one of those to be shown: of a group, or of
// the peer with the key sender in none, or of anybody.
func (r *reader) wants(m api.Message, sender string) bool {
	if strings.HasPrefix(r.peer, "@") {
		return m.Group == r.peer
	}
	return sender == "" || (m.FromKey == sender && m.Group == "")
}

// sender returns the key of the peer whose messages are wanted; empty means
// everybody's.
func (r *reader) sender(ctx context.Context) (string, error) {
	if r.peer == "" || strings.HasPrefix(r.peer, "@") {
		return "", nil
	}
	ctx, cancel := r.limited(ctx)
	defer cancel()
	peers, err := r.client.Peers(ctx)
	if err != nil {
		return "", err
	}
	peer, err := api.FindPeer(peers, r.peer)
	return peer.Key, err
}

// backlog shows what is stored, marks it and returns it.
func (r *reader) backlog(ctx context.Context) (shown map[messageID]api.Message, err error) {
	messages, err := r.stored(ctx)
	if err != nil {
		return nil, err
	}
	shown = make(map[messageID]api.Message, len(messages))
	last := make(map[[2]string]api.Message) // by sender's key and group
	for _, m := range messages {
		if err := r.showMessage(m); err != nil {
			return nil, err
		}
		shown[idOf(m)] = m
		last[[2]string{m.FromKey, m.Group}] = m
	}
	for _, m := range last {
		if err := r.mark(ctx, m); err != nil {
			return nil, err
		}
	}
	if len(messages) == 0 && !r.follow {
		r.say(r.text.NoMessages)
	}
	return shown, nil
}

func (r *reader) stored(ctx context.Context) ([]api.Message, error) {
	ctx, cancel := r.limited(ctx)
	defer cancel()
	return r.client.Read(ctx, api.ReadRequest{From: r.peer, Unread: r.unread})
}

func (r *reader) show(ctx context.Context, m api.Message) error {
	if err := r.showMessage(m); err != nil {
		return err
	}
	return r.mark(ctx, m)
}

// showEdit shows a message that its author has just changed or taken back.
func (r *reader) showEdit(edit api.Edit) error {
	if r.json {
		return r.row(edit)
	}
	return r.showMessage(edit.Message)
}

// mark marks m and every earlier message of its sender.
func (r *reader) mark(ctx context.Context, m api.Message) error {
	ctx, cancel := r.limited(ctx)
	defer cancel()
	return r.client.MarkRead(ctx, api.ReadMark{UpTo: m.ID, Receipt: !r.noReceipt})
}
