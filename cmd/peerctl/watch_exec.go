package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"peerd/internal/printable"
	"peerd/peer/api"
)

const (
	// cursorPage is how many messages are fetched at once. Each may be as long
	// as a message can be, so larger costs memory and saves little.
	cursorPage = 100
	// firstRetry and lastRetry bound the pause before a hook that failed is run
	// again. It doubles: a hook that is broken must not keep the host busy.
	firstRetry = time.Second
	lastRetry  = time.Minute
)

// endOfOptions is args with everything behind `watch … --exec COMMAND` marked as
// no options of ours, the way find and xargs read what follows a command.
func endOfOptions(args []string) []string {
	i := slices.IndexFunc(args, func(arg string) bool { return arg == "--exec" || arg == "--" })
	behind := i + 2 // COMMAND
	if i < 0 || args[i] == "--" || !slices.Contains(args[:i], "watch") || behind >= len(args) || args[behind] == "--" {
		return args
	}
	return slices.Insert(slices.Clone(args), behind, "--")
}

// execFlags are the flags of watch that concern --exec.
type execFlags struct {
	command, cursor string
	timeout         time.Duration
	env             []string
}

func (f *execFlags) register(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&f.command, "exec", "", "run this `COMMAND` for each event; its arguments follow")
	flags.StringVar(&f.cursor, "cursor", "", "`NAME` of the cursor in the messages (default: made of the command and its arguments)")
	flags.DurationVar(&f.timeout, "exec-timeout", time.Minute, "kill the command after this time and count it as failed")
	flags.StringSliceVar(&f.env, "env", nil, "pass these `VARIABLES` on to the command too")
}

// check refuses what makes no sense.
func (f *execFlags) check(command *cobra.Command) error {
	flags := command.Flags()
	for _, name := range []string{"cursor", "exec-timeout", "env"} {
		if flags.Changed(name) && !flags.Changed("exec") {
			return usage(fmt.Errorf("--%s needs --exec", name))
		}
	}
	if f.timeout <= 0 {
		return usage(errors.New("--exec-timeout must be longer than nothing"))
	}
	if flags.Changed("cursor") {
		if err := api.CheckCursorName(f.cursor); err != nil {
			return err
		}
	}
	return checkNamed(f.env)
}

func (a *app) watchExec(ctx context.Context, client *api.Client, flags execFlags, types []api.EventType, args []string, count int) error {
	hook, err := findHook(flags.command, args)
	if err != nil {
		return err
	}
	hook.env, hook.timeout = hookEnvironment(os.Environ(), flags.env), flags.timeout
	hook.out, hook.err = a.out, a.err
	h := &hooked{app: a, client: client, hook: hook, cursor: cmp.Or(flags.cursor, hook.cursor()), types: types, left: -1}
	if count > 0 {
		h.left = count
	}
	return h.run(ctx)
}

// hooked is one run of watch --exec.
type hooked struct {
	*app
	client *api.Client
	hook   hook
	cursor string
	types  []api.EventType
	left   int // events until it ends; negative: none is the last

	// done is the message that the hook has dealt with last. The cursor passes
	// it at once, or when the daemon is back.
	done messageID
}

func (h *hooked) run(ctx context.Context) error {
	// A new cursor begins with the first look, so after this line no message is
	// missed. For whom messages are nothing, none begins.
	if h.wantsMessages() {
		if _, err := h.page(ctx); err != nil {
			return err
		}
	}
	h.say(fill(h.text.Watch.Running, printable.Line(filepath.Base(h.hook.path)), h.cursor))
	return h.attend(ctx, h.client, h.types, h.session)
}

func (h *hooked) wantsMessages() bool {
	return len(h.types) == 0 || slices.Contains(h.types, api.TypeMessage)
}

// session deals with what a subscription brings, until it ends. Messages come
// from the cursor; their events only tell when to look there.
func (h *hooked) session(ctx context.Context, events *api.Events) error {
	backlog := newBacklog()
	var reader sync.WaitGroup
	reader.Go(func() { backlog.fill(events) })
	defer reader.Wait()
	defer events.Close()
	if h.wantsMessages() {
		backlog.noteMessage()
	}
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-backlog.messages:
			err = h.catchUp(ctx)
		case event, open := <-backlog.others:
			if !open {
				return backlog.end
			}
			err = h.tell(ctx, event)
		}
		if missed := backlog.missed.Swap(0); missed > 0 {
			h.say(fill(h.text.Watch.Missed, missed))
		}
		if err != nil {
			return err
		}
	}
}

// catchUp deals with every message behind the cursor, in order.
func (h *hooked) catchUp(ctx context.Context) error {
	for {
		messages, err := h.page(ctx)
		if err != nil || len(messages) == 0 {
			return err
		}
		for _, m := range messages {
			if err := h.deliver(ctx, m); err != nil {
				return err
			}
		}
	}
}

func (h *hooked) page(ctx context.Context) ([]api.Message, error) {
	ctx, cancel := h.limited(ctx)
	defer cancel()
	return h.client.AfterCursor(ctx, api.CursorRequest{Name: h.cursor, Limit: cursorPage})
}

// deliver runs the hook with a message until it succeeds, and moves the cursor.
func (h *hooked) deliver(ctx context.Context, m api.Message) error {
	for pause := firstRetry; idOf(m) != h.done; pause = min(2*pause, lastRetry) {
		err := h.hook.run(ctx, m)
		if err == nil {
			h.done = idOf(m)
			break
		}
		h.say(fill(h.text.Watch.Again, printable.Line(err.Error()), pause))
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
	limited, cancel := h.limited(context.WithoutCancel(ctx)) // Ctrl-C must not make it come again
	defer cancel()
	if err := h.client.AdvanceCursor(limited, api.CursorAdvance{Name: h.cursor, UpTo: m.ID}); err != nil {
		return err
	}
	return h.counted(ctx)
}

// tell runs the hook with an event of which there is no history: once.
func (h *hooked) tell(ctx context.Context, event api.Event) error {
	if err := h.hook.run(ctx, event); err != nil {
		h.say(fill(h.text.Watch.NotAgain, printable.Line(err.Error())))
	}
	return h.counted(ctx)
}

func (h *hooked) counted(ctx context.Context) error {
	if h.left--; h.left == 0 {
		return errEnough
	}
	return ctx.Err()
}
