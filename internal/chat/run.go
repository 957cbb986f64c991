package chat

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
)

// reconnectPause is the time between two looks for a daemon that is gone. It is
// a look at a socket of this host; longer would only keep the user waiting.
const reconnectPause = 500 * time.Millisecond

// ErrInterrupted is what [Run] returns after a signal to interrupt; Ctrl-C in the
// chat is none.
var ErrInterrupted = tea.ErrInterrupted

// Run shows a chat on a terminal until the user quits or ctx ends, whose error
// it returns then. Whatever ends it, the terminal is as it was before.
func Run(ctx context.Context, model *Model, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	program := tea.NewProgram(model, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out))
	var feed sync.WaitGroup
	feed.Go(func() { follow(ctx, model.daemon, program.Send) })
	_, err := program.Run()
	interrupted := ctx.Err()
	cancel()
	feed.Wait()
	if interrupted != nil {
		return interrupted
	}
	return err
}

// follow tells of everything that happens, over all restarts of the daemon,
// until ctx ends.
func follow(ctx context.Context, daemon Daemon, tell func(tea.Msg)) {
	for ctx.Err() == nil {
		err := subscription(ctx, daemon, tell)
		if ctx.Err() != nil {
			return
		}
		tell(downMsg{err})
		select {
		case <-time.After(reconnectPause):
		case <-ctx.Done():
		}
	}
}

// subscription tells of one subscription, and returns why it has ended.
func subscription(ctx context.Context, daemon Daemon, tell func(tea.Msg)) error {
	events, err := daemon.Events(ctx, eventTypes...)
	if err != nil {
		return err
	}
	defer events.Close()
	tell(upMsg{})
	for event, err := range events.All() {
		if err != nil {
			return err
		}
		tell(eventMsg{event})
	}
	return errors.New("the event stream ended")
}
