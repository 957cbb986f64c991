package transfer

import (
	"bytes"
	"errors"
	"runtime"
	"testing"

	"peerd/internal/spoil"
	"peerd/wire"
)

func TestT14ManifestMayBeSpoilt(t *testing.T) {
	for _, whole := range [][]byte{album(t).Append(nil), newManifest(t, file("", ChunkSize+1)).Append(nil)} {
		for spoilt := range spoil.Everything(whole) {
			m, err := Parse(spoilt)
			if err == nil && !bytes.Equal(m.Append(nil), spoilt) {
				t.Fatalf("%x is read as %+v", spoilt, m)
			}
			if err != nil && !errors.Is(err, ErrManifest) {
				t.Fatalf("%x: %v", spoilt, err)
			}
		}
	}
}

// A manifest is as large as its offer says, up to MaxManifest, and whoever reads one
// has accepted that offer. Nothing in it may cost more than it is long.
func TestT15ManifestCostsNoMoreThanItIsLong(t *testing.T) {
	const size = 1 << 20
	for name, b := range map[string][]byte{
		"a file without chunks":   {kindFile, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f},
		"a path without end":      {kindFolder, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
		"folders without a name":  bytes.Repeat([]byte{kindFolder, 0}, size/2),
		"one folder many times":   bytes.Repeat([]byte{kindFolder, 1, 'a'}, size/3),
		"numbers without an end":  bytes.Repeat([]byte{kindFolder, 0x80}, size/2),
		"larger than any may be":  make([]byte, wire.MaxManifest+1),
		"folders in folders":      append([]byte{kindFolder, 0x80, 0x20}, bytes.Repeat([]byte("a/"), 1<<11)...),
		"a path of slashes alone": append([]byte{kindFolder, 0x80, 0x20}, bytes.Repeat([]byte("/"), 1<<12)...),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if m, err := Parse(b); err == nil {
				t.Errorf("read %d entries", len(m.Entries()))
			}
			runtime.ReadMemStats(&after)
			if spent := after.TotalAlloc - before.TotalAlloc; spent > 1<<20+128*uint64(min(len(b), size)) {
				t.Errorf("%d octets allocated %d", len(b), spent)
			}
		})
	}
}
