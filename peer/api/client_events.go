package api

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// silence is how long an event stream may say nothing at all.
const silence = 3 * heartbeatInterval

// Events is an open subscription. One goroutine uses it.
type Events struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	body   io.ReadCloser
}

// Events subscribes to events of the given types; without any to those that
// Backend.Subscribe says. What happens after it has returned is not missed. The
// caller closes the subscription.
func (c *Client) Events(ctx context.Context, types ...EventType) (*Events, error) {
	query := url.Values{}
	for _, t := range types {
		query.Add("type", string(t))
	}
	ctx, cancel := context.WithCancelCause(ctx)
	response, err := c.do(ctx, http.MethodGet, "/v1/events?"+query.Encode(), nil)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	return &Events{ctx, cancel, response.Body}, nil
}

// All yields the events as they come. It ends with an error: the context's, or
// an [*Error] that says why the daemon has ended the stream. Only the first call
// yields anything.
func (e *Events) All() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		hung := time.AfterFunc(silence, func() {
			e.cancel(&Error{Code: CodeUnreachable, Message: "the daemon has stopped answering", Hint: "restart it: peerd run"})
		})
		defer hung.Stop()
		lines := bufio.NewScanner(e.body)
		lines.Buffer(nil, maxRow)
		for lines.Scan() {
			hung.Reset(silence)
			if len(lines.Bytes()) == 0 {
				continue // a heartbeat
			}
			event, err := parseEvent(lines.Bytes())
			if err != nil {
				yield(nil, err)
				return
			}
			if event != nil && !yield(event, nil) {
				return
			}
		}
		err := lines.Err()
		if err == nil {
			err = errors.New("the event stream ended")
		}
		yield(nil, explain(e.ctx, err))
	}
}

// Close ends the subscription.
func (e *Events) Close() {
	e.cancel(nil)
	e.body.Close()
}
