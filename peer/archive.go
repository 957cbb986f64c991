package peer

import (
	"context"
	"fmt"
	"iter"

	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// exportPage is how many messages of an export are in memory at the same time.
const exportPage = 200

// Export yields the history with everything that is stored of it.
func (d *Daemon) Export(ctx context.Context, ref string) iter.Seq2[api.Exported, error] {
	return func(yield func(api.Exported, error) bool) {
		peer, err := d.exportedPeer(ref)
		if err != nil {
			yield(api.Exported{}, err)
			return
		}
		for last := int64(0); ; {
			page, err := d.store.Page(ctx, peer, last, exportPage)
			if err != nil {
				yield(api.Exported{}, err)
				return
			}
			for _, m := range page {
				if !yield(d.exported(m), nil) {
					return
				}
				last = m.Row
			}
			if len(page) < exportPage {
				return
			}
		}
	}
}

// exportedPeer returns the peer whose history is wanted; nil means everybody's.
func (d *Daemon) exportedPeer(ref string) (*wire.Key, error) {
	if ref == "" {
		return nil, nil
	}
	peer, err := d.author(ref)
	return &peer, err
}

func (d *Daemon) exported(m store.Message) api.Exported {
	row := api.Exported{
		Owner:       d.Key().String(),
		Peer:        m.Peer.String(),
		Name:        d.nameOf(m.Peer),
		ID:          m.ID.String(),
		Outgoing:    m.Outgoing,
		Seq:         m.Seq,
		Payload:     []byte(m.Payload),
		Hidden:      m.Hidden,
		Text:        m.Body,
		State:       api.State(m.State),
		Path:        m.Path,
		SentAt:      api.At(m.SentAt),
		Received:    api.At(m.ReceivedAt),
		DeliveredAt: api.At(m.DeliveredAt),
		ReadAt:      api.At(m.ReadAt),
		EditedAt:    api.At(m.EditedAt),
		UnsentAt:    api.At(m.UnsentAt),
	}
	if m.Kind != wire.KindText {
		row.Kind = uint8(m.Kind)
	}
	if !m.Group.IsZero() {
		row.Group = m.Group.String()
	}
	return row
}

// Import stores messages that were exported. Nothing of it is sent: what was under
// way elsewhere was to be sent from there, and may have arrived.
func (d *Daemon) Import(ctx context.Context, request api.ImportRequest) (api.Imported, error) {
	messages := make([]store.Message, len(request.Messages))
	for i, row := range request.Messages {
		if owner := d.Key().String(); row.Owner != owner && !request.AnotherKey {
			return api.Imported{}, api.ForeignHistory(row.Owner)
		} else if row.Peer == owner {
			return api.Imported{}, &api.Error{Code: api.CodeUsage, Message: "this is somebody's history with this peer itself"}
		}
		var err error
		if messages[i], err = fromArchive(row); err != nil {
			return api.Imported{}, &api.Error{Code: api.CodeUsage, Message: err.Error()}
		}
	}
	count, err := d.store.Import(ctx, messages, request.AnotherKey)
	if err != nil {
		return api.Imported{}, fmt.Errorf("import: %w", err)
	}
	if err := d.learnClassicNames(ctx, request.Messages); err != nil {
		return api.Imported{}, fmt.Errorf("import: %w", err)
	}
	return api.Imported{Added: count.Added, Advanced: count.Advanced, Known: count.Known}, nil
}

// fromArchive is exported turned around, of a row that was checked.
func fromArchive(row api.Exported) (m store.Message, err error) {
	m = store.Message{
		Outgoing:    row.Outgoing,
		Seq:         row.Seq,
		Kind:        wire.KindText,
		Body:        row.Text,
		Payload:     string(row.Payload),
		Hidden:      row.Hidden,
		SentAt:      row.SentAt.Time,
		ReceivedAt:  row.Received.Time,
		State:       store.State(row.State),
		DeliveredAt: row.DeliveredAt.Time,
		ReadAt:      row.ReadAt.Time,
		Path:        row.Path,
		EditedAt:    row.EditedAt.Time,
		UnsentAt:    row.UnsentAt.Time,
	}
	if row.Kind != 0 {
		m.Kind = wire.Kind(row.Kind)
	}
	if m.ID, err = wire.ParseMessageID(row.ID); err != nil {
		return m, err
	}
	if m.Peer, err = wire.ParseKey(row.Peer); err != nil {
		return m, err
	}
	if row.Group != "" {
		m.Group, err = wire.ParseGroupID(row.Group)
	}
	return m, err
}
