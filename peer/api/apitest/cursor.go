package apitest

import (
	"context"
	"slices"

	"peerd/peer/api"
)

func (d *Daemon) AfterCursor(_ context.Context, request api.CursorRequest) ([]api.Message, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, begun := d.cursors[request.Name]
	if !begun {
		at = len(d.inbox)
		d.cursors[request.Name] = at
	}
	after := slices.Clone(d.inbox[at:])
	return after[:min(request.Limit, len(after))], nil
}

func (d *Daemon) AdvanceCursor(_ context.Context, advance api.CursorAdvance) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := d.cursors[advance.Name]
	if i := slices.IndexFunc(d.inbox[at:], func(m api.Message) bool { return m.ID == advance.UpTo }); i >= 0 {
		d.cursors[advance.Name] = at + i + 1
	}
	return nil
}
