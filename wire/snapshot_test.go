package wire

import (
	"slices"
	"strings"
	"testing"

	"peerd/wire/internal/pb"
)

var snapshotCodec = bodyCodec("snapshot", ParseSnapshot)

var exampleRows = []Row{
	{Key: exampleKey, Name: "alice", Prekey: examplePrekey, Online: true, Since: exampleTime},
	{Key: otherKey, Name: "小明"},
}

// longestRow takes as many bytes as any row may.
var longestRow = Row{
	Key: exampleKey, Name: strings.Repeat("n", MaxName), Prekey: examplePrekey, Online: true, Since: exampleTime,
}

func TestSnapshotVectors(t *testing.T) {
	snapshotCodec.testVectors(t,
		example[Snapshot]{"an empty circle", Snapshot{Epoch: 1}},
		example[Snapshot]{"the last chunk", Snapshot{Epoch: 1, Version: 42, Rows: exampleRows}},
		example[Snapshot]{"a chunk before others", Snapshot{Epoch: 1, Version: 42, Rows: exampleRows[:1], More: true}},
	)
}

func TestSnapshotRefuses(t *testing.T) {
	testRefusals(t, ParseSnapshot,
		refusal{"no epoch", &pb.Snapshot{Version: 1}, "epoch is missing"},
		refusal{"a row without key", &pb.Snapshot{Epoch: 1, Rows: []*pb.Row{{Key: exampleKey[:]}, {Name: "x"}}}, "rows[1]: key is missing"},
		refusal{"a row with a name too long", &pb.Snapshot{Epoch: 1, Rows: []*pb.Row{{Key: exampleKey[:], Name: strings.Repeat("n", 129)}}}, "rows[0]: name has 129 bytes"},
		refusal{"one row too many", &pb.Snapshot{Epoch: 1, Rows: make([]*pb.Row, MaxRows+1)}, "rows has more than 256 items"},
	)
}

func TestChunksOfTheLongestRowsFitAFrame(t *testing.T) {
	rows := slices.Repeat([]Row{longestRow}, MaxRows)
	for _, m := range []Message{
		Snapshot{Epoch: 1<<64 - 1, Version: 1<<64 - 1, Rows: rows, More: true},
		Delta{Epoch: 1<<64 - 1, From: 1<<64 - 2, To: 1<<64 - 1, Changed: rows, More: true},
		Delta{Epoch: 1, To: 1, Removed: slices.Repeat([]Key{exampleKey}, MaxRows)},
	} {
		frame, err := AppendFrame(nil, m)
		if err != nil {
			t.Error(err)
		}
		if _, err := Parse(m.Kind(), frame[FrameHeaderSize:]); err != nil {
			t.Error(err)
		}
		t.Logf("%v: %d of %d bytes", m.Kind(), len(frame)-FrameHeaderSize, MaxBody)
	}
}

func FuzzParseSnapshot(f *testing.F) { snapshotCodec.fuzz(f) }

func BenchmarkParseSnapshot(b *testing.B) {
	body, err := Snapshot{Epoch: 1, Version: 1, Rows: slices.Repeat(exampleRows[:1], MaxRows)}.AppendBody(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseSnapshot(body); err != nil {
			b.Fatal(err)
		}
	}
}
