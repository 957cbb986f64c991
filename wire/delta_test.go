package wire

import (
	"slices"
	"testing"

	"peerd/wire/internal/pb"
)

var deltaCodec = bodyCodec("delta", ParseDelta)

func TestDeltaVectors(t *testing.T) {
	deltaCodec.testVectors(t,
		example[Delta]{"a login", Delta{Epoch: 1, From: 41, To: 42, Changed: exampleRows[:1]}},
		example[Delta]{"from nothing, more to come", Delta{Epoch: 1, To: 9, Changed: exampleRows, More: true}},
		example[Delta]{"two members removed", Delta{Epoch: 1, From: 42, To: 44, Removed: []Key{exampleKey, otherKey}}},
	)
}

func TestDeltaRefuses(t *testing.T) {
	key := exampleKey[:]
	testRefusals(t, ParseDelta,
		refusal{"no epoch", &pb.Delta{To: 1}, "epoch is missing"},
		refusal{"no step", &pb.Delta{Epoch: 1, From: 5, To: 5}, "to 5 is not after from 5"},
		refusal{"a step back", &pb.Delta{Epoch: 1, From: 5, To: 4}, "to 4 is not after from 5"},
		refusal{"a changed row without key", &pb.Delta{Epoch: 1, To: 1, Changed: []*pb.Row{{}}}, "changed[0]: key is missing"},
		refusal{"a removed key cut short", &pb.Delta{Epoch: 1, To: 1, Removed: [][]byte{key, key[1:]}}, "removed has 31 bytes instead of 32"},
		refusal{"too much in all", &pb.Delta{Epoch: 1, To: 1, Changed: slices.Repeat([]*pb.Row{{Key: key}}, 200), Removed: slices.Repeat([][]byte{key}, 57)},
			"changed and removed are 257, the limit is 256"},
	)
}

func FuzzParseDelta(f *testing.F) { deltaCodec.fuzz(f) }
