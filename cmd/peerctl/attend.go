package main

import (
	"context"
	"errors"
	"time"

	"peerd/peer/api"
)

// reconnectPause is the time between two looks for a daemon that is gone. It is
// a look at a socket of this host; longer would only delay what waits.
const reconnectPause = time.Second

// errEnough is how a session of attend ends all of it, with success.
var errEnough = errors.New("enough events")

// attend subscribes to events and calls session with each subscription, for
// programs that outlive the daemon: when one ends, there is another as soon as
// a daemon answers. It returns when session has had enough, when nothing would
// help, when there is no daemon at the start, or when ctx ends.
func (a *app) attend(ctx context.Context, client *api.Client, types []api.EventType, session func(context.Context, *api.Events) error) error {
	for outage := false; ; {
		events, err := a.subscribe(ctx, client, types...)
		if err == nil {
			if outage {
				a.say(a.text.Watch.DaemonBack)
			}
			outage = false
			err = session(ctx, events)
			events.Close()
		} else if !outage {
			return err
		}
		if errors.Is(err, errEnough) {
			return nil
		}
		if ctx.Err() != nil || isUsage(err) || errors.Is(err, errUnwritten) {
			return err
		}
		if !outage {
			a.report(err)
			a.say(a.text.Watch.DaemonAwaited)
		}
		outage = true
		if err := sleep(ctx, reconnectPause); err != nil {
			return err
		}
	}
}

// subscribe asks for events. The daemon has the user's timeout to grant that; the
// events may come for as long as ctx lives.
func (a *app) subscribe(ctx context.Context, client *api.Client, types ...api.EventType) (*api.Events, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	patience := time.AfterFunc(a.timeout, func() { cancel(context.DeadlineExceeded) })
	defer patience.Stop()
	return client.Events(ctx, types...)
}

func isUsage(err error) bool {
	e, ok := errors.AsType[*api.Error](err)
	return ok && e.Code == api.CodeUsage
}

// sleep waits for a time, or until ctx ends, whose error it returns then.
func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
