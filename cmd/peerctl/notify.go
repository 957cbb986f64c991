package main

import (
	"context"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"peerd/internal/desktop"
	"peerd/internal/printable"
	"peerd/peer/api"
)

const (
	// noticeSettle is how long a notice waits for more messages, and for a chat
	// on the screen to mark them read.
	noticeSettle = 700 * time.Millisecond
	// noticeSpacing is the least time between two notices: whoever sends without
	// end is seen twelve times a minute, not twelve times a second.
	noticeSpacing = 5 * time.Second
)

func (a *app) notifyCommand() *cobra.Command {
	n := &notifier{app: a}
	var private, anonymous bool
	command := &cobra.Command{
		Use:   "notify",
		Short: "Tell of messages as they arrive: by the bell, and on the desktop",
		Long: `Tell of messages as they arrive, until it is interrupted: a line here, the bell of
the terminal, and a notice on the desktop where there is one (D-Bus). Messages that
arrive together are one notice. What has been read meanwhile, in peerctl chat for
example, is none. Nothing is marked read.

For a program of your own: peerctl watch --type message --exec COMMAND.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: a.with(func(ctx context.Context, client *api.Client, _ []string) error {
			n.client = client
			switch {
			case anonymous:
				n.level = hideSender
			case private:
				n.level = hideText
			}
			return n.run(ctx)
		}),
	}
	command.Flags().BoolVar(&private, "private", false, "do not show what messages say")
	command.Flags().BoolVar(&anonymous, "hide-sender", false, "do not show who wrote either")
	command.Flags().BoolVar(&n.noBell, "no-bell", false, "do not ring the bell")
	command.Flags().BoolVar(&n.noDesktop, "no-desktop", false, "do not use the desktop")
	return command
}

// notifier is one run of peerctl notify.
type notifier struct {
	*app
	client            *api.Client
	level             privacy
	noBell, noDesktop bool

	desktop *desktop.Desktop // nil: none
	told    bool             // that there is none
}

func (n *notifier) run(ctx context.Context) error {
	n.openDesktop(ctx)
	defer n.closeDesktop()
	n.say(n.text.Watching)
	return n.attend(ctx, n.client, []api.EventType{api.TypeMessage}, n.session)
}

// openDesktop looks for a desktop. That there is none is said once: the bell and
// the line go on.
func (n *notifier) openDesktop(ctx context.Context) {
	if n.noDesktop {
		return
	}
	opened, err := desktop.Open(ctx)
	if err != nil {
		n.withoutDesktop(err)
		return
	}
	n.desktop, n.told = opened, false
}

func (n *notifier) withoutDesktop(err error) {
	if !n.told {
		n.say(fill(n.text.Watch.NoDesktop, printable.Line(err.Error())))
	}
	n.told = true
}

func (n *notifier) closeDesktop() {
	if n.desktop != nil {
		n.desktop.Close()
		n.desktop = nil
	}
}

// session tells of what a subscription brings, until it ends.
func (n *notifier) session(ctx context.Context, events *api.Events) error {
	arrivals := make(chan api.Message)
	done := make(chan struct{})
	var end error
	var reader sync.WaitGroup
	reader.Go(func() { end = forward(events, arrivals, done) })
	defer reader.Wait()
	defer events.Close()
	defer close(done)

	var waiting []api.Message
	var due <-chan time.Time // of the next notice; nil while nothing waits
	var last time.Time       // a notice was shown
	for {
		select {
		case m, open := <-arrivals:
			if !open {
				return end
			}
			if due == nil {
				due = time.After(max(noticeSettle, time.Until(last.Add(noticeSpacing))))
			}
			waiting = append(waiting, m)
		case <-due:
			if err := n.tell(ctx, waiting); err != nil {
				return err
			}
			waiting, due, last = nil, nil, time.Now()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// forward passes messages on until the subscription ends, and closes arrivals.
func forward(events *api.Events, arrivals chan<- api.Message, done <-chan struct{}) error {
	defer close(arrivals)
	for event, err := range events.All() {
		if err != nil {
			return err
		}
		m, ok := event.(api.Message)
		if !ok {
			continue
		}
		select {
		case arrivals <- m:
		case <-done:
			return nil
		}
	}
	return nil
}

// tell shows one notice of the messages that are still unread.
func (n *notifier) tell(ctx context.Context, messages []api.Message) error {
	limited, cancel := n.limited(ctx)
	defer cancel()
	peers, err := n.client.Peers(limited)
	if err != nil {
		return err
	}
	groups, err := n.client.Groups(limited)
	if err != nil {
		return err
	}
	if messages = unreadOf(messages, peers, groups); len(messages) == 0 {
		return nil
	}
	notice := n.text.compose(messages, n.level)
	n.show(ctx, notice)
	if !n.noBell && isTerminal(n.err) {
		n.err.Write([]byte("\a"))
	}
	return n.line("%s  %s  %s", instant(api.At(time.Now())), notice.summary, printable.Text(notice.body, "    "))
}

// show shows a notice on the desktop. A connection that has died in the meantime
// is made anew, once.
func (n *notifier) show(ctx context.Context, notice notice) {
	if n.noDesktop {
		return
	}
	for range 2 {
		if n.desktop == nil {
			n.openDesktop(ctx)
		}
		if n.desktop == nil {
			return
		}
		err := n.desktop.Show(ctx, notice.summary, notice.body)
		if err == nil {
			return
		}
		n.closeDesktop()
		n.withoutDesktop(err)
	}
}
