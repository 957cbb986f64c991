package apitest

import (
	"context"
	"io"
	"iter"

	"peerd/peer/api"
)

// Backup is Backend.Backup. Its content is of no use.
func (d *Daemon) Backup(_ context.Context, w io.Writer) error {
	_, err := io.WriteString(w, "backup\n")
	return err
}

// Export is Backend.Export, of what was received.
func (d *Daemon) Export(ctx context.Context, peer string) iter.Seq2[api.Exported, error] {
	return func(yield func(api.Exported, error) bool) {
		messages, err := d.Read(ctx, api.ReadRequest{From: peer})
		if err != nil {
			yield(api.Exported{}, err)
			return
		}
		d.mu.Lock()
		owner := d.status.Key
		d.mu.Unlock()
		for i, m := range messages {
			row := api.Exported{
				Owner: owner, Peer: m.FromKey[:51] + "a", Name: m.From, ID: archiveID(i + 1), Seq: uint64(i + 1), Text: m.Text,
				State: api.StateUnread, Path: string(m.Path), SentAt: m.SentAt, Received: m.ReceivedAt,
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// archiveID returns an id that is one: those of this Daemon are only for people.
func archiveID(n int) string {
	return "aaaaaaaaaaaaaaaaaaaaaaaa" + string("abcdefghijklmnopqrstuvwxyz234567"[n%32]) + "a"
}

// Import is Backend.Import: what it has seen before is known.
func (d *Daemon) Import(_ context.Context, request api.ImportRequest) (api.Imported, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var count api.Imported
	for _, row := range request.Messages {
		if row.Owner != d.status.Key && !request.AnotherKey {
			return api.Imported{}, api.ForeignHistory(row.Owner)
		}
	}
	for _, row := range request.Messages {
		if d.imported[row.ID] {
			count.Known++
			continue
		}
		d.imported[row.ID] = true
		count.Added++
	}
	return count, nil
}
