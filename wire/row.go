package wire

import (
	"time"

	"peerd/wire/internal/pb"
)

// A Row is one member of the circle in the roster. It never holds endpoints:
// those are shown at an introduction only.
type Row struct {
	Key    Key
	Name   string
	Prekey SignedPrekey // zero = none published
	Online bool
	Since  time.Time // of the last login (online) or logout (offline); zero = never seen
}

func encodeRows(rows []Row) []*pb.Row {
	var list []*pb.Row
	for _, row := range rows {
		list = append(list, &pb.Row{
			Key:         row.Key[:],
			Name:        row.Name,
			Prekey:      row.Prekey.encode(),
			Online:      row.Online,
			SinceUnixNs: unixNano(row.Since),
		})
	}
	return list
}

func (f *fields) rows(name string, list []*pb.Row) []Row {
	if len(list) > MaxRows {
		f.fail("%s are %d, the limit is %d", name, len(list), MaxRows)
		return nil
	}
	var rows []Row
	for i, p := range list {
		var inner fields
		rows = append(rows, inner.row(p))
		if inner.err != nil {
			f.fail("%s[%d]: %w", name, i, inner.err)
			return nil
		}
	}
	return rows
}

func (f *fields) row(p *pb.Row) Row {
	return Row{
		Key:    f.key("key", p.Key),
		Name:   f.text("name", p.Name, MaxName),
		Prekey: f.prekey(p.Prekey),
		Online: p.Online,
		Since:  fromUnixNano(p.SinceUnixNs),
	}
}
