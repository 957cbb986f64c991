package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"strings"
	"testing"

	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

// breaking is a daemon whose disk breaks after so many pieces of an answer.
type breaking struct {
	*apitest.Daemon
	after int
}

var errDisk = errors.New("the disk is on fire")

func (b breaking) Backup(_ context.Context, w io.Writer) error {
	for range b.after {
		if _, err := w.Write(bytes.Repeat([]byte("backup"), 10<<10)); err != nil {
			return err
		}
	}
	return errDisk
}

func (b breaking) Export(context.Context, string) iter.Seq2[api.Exported, error] {
	return func(yield func(api.Exported, error) bool) {
		for range b.after {
			if !yield(api.Exported{Text: strings.Repeat("x", 1000)}, nil) {
				return
			}
		}
		yield(api.Exported{}, errDisk)
	}
}

func TestACopyThatEndsInTheMiddleIsAnError(t *testing.T) {
	for name, c := range map[string]struct {
		after int
		want  string
	}{
		"at its beginning": {0, "the disk is on fire"},
		"after one piece":  {1, "went away in the middle"},
		"after many":       {200, "went away in the middle"},
	} {
		t.Run(name, func(t *testing.T) {
			socket, _ := serve(t, breaking{apitest.Circle(), c.after})
			client, ctx := client(t, socket), guarded(t)
			if err := client.Backup(ctx, io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("backup: %v", err)
			}
			if err := client.Export(ctx, "", io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("export: %v", err)
			}
		})
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errDisk }

func TestACopyThatCannotBeWrittenIsNotTheDaemonsFailure(t *testing.T) {
	socket, _ := serve(t, breaking{apitest.Circle(), 200})
	client, ctx := client(t, socket), guarded(t)
	if err := client.Backup(ctx, full{}); err != errDisk {
		t.Errorf("backup: %v", err)
	}
	if err := client.Export(ctx, "", full{}); err != errDisk {
		t.Errorf("export: %v", err)
	}
}

// good is a row that may be imported.
func good() api.Exported {
	return api.Exported{
		Owner: strings.Repeat("a", 52), Peer: strings.Repeat("b", 51) + "a", ID: strings.Repeat("c", 25) + "a", Seq: 1, Text: "hello",
		State: api.StateRead, SentAt: apitest.Epoch, Received: apitest.Epoch,
	}
}

func TestRowsAreCheckedBeforeTheyAreImported(t *testing.T) {
	socket, _ := serve(t, apitest.Circle())
	c, ctx := client(t, socket), guarded(t)
	for name, spoil := range map[string]func(*api.Exported){
		"no id":                   func(e *api.Exported) { e.ID = "" },
		"an id that is none":      func(e *api.Exported) { e.ID = strings.Repeat("c", 25) + "b" },
		"a key that is too short": func(e *api.Exported) { e.Peer = e.Peer[1:] },
		"no owner":                func(e *api.Exported) { e.Owner = "" },
		"oneself as the peer":     func(e *api.Exported) { e.Peer = e.Owner },
		"a group that is none":    func(e *api.Exported) { e.Group = "family" },
		"no sequence":             func(e *api.Exported) { e.Seq = 0 },
		"a sequence beyond all":   func(e *api.Exported) { e.Seq = 1 << 63 },
		"a state of the sender's": func(e *api.Exported) { e.State = api.StateQueued },
		"a state of the reader's": func(e *api.Exported) { e.Outgoing, e.State = true, api.StateUnread },
		"no time":                 func(e *api.Exported) { e.SentAt = api.Time{} },
		"a time out of range":     func(e *api.Exported) { e.SentAt = api.At(apitest.Epoch.AddDate(9000, 0, 0)) },
		"a text that is too long": func(e *api.Exported) { e.Text = strings.Repeat("x", api.MaxText+1) },
	} {
		t.Run(name, func(t *testing.T) {
			row := good()
			spoil(&row)
			_, err := c.Import(ctx, api.ImportRequest{Messages: []api.Exported{good(), row}})
			wantCode(t, err, api.CodeUsage)
		})
	}
	count, err := c.Import(ctx, api.ImportRequest{Messages: []api.Exported{good()}})
	if want := (api.Imported{Added: 1}); count != want || err != nil {
		t.Errorf("a good row: %+v, %v", count, err)
	}
}

func TestAnExportedRowComesBackAsItWas(t *testing.T) {
	want := good()
	want.Kind, want.Payload, want.Hidden, want.Group = 96, []byte{0, 1, 2}, true, strings.Repeat("d", 25)+"a"
	var line bytes.Buffer
	if err := api.WriteRow(&line, want); err != nil {
		t.Fatal(err)
	}
	var got api.Exported
	if err := json.Unmarshal(line.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	same(t, "row", got, want, got.Check())
}
