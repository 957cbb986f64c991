package peer

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"peerd/wire"
)

// pings returns frames of pings with these nonces.
func pings(t *testing.T, nonces ...uint64) (frames []byte) {
	t.Helper()
	for _, nonce := range nonces {
		var err error
		if frames, err = wire.AppendFrame(frames, wire.Ping{Nonce: nonce}); err != nil {
			t.Fatal(err)
		}
	}
	return frames
}

// arrivals reads frames to the end and returns the nonces that came together.
func arrivals(t *testing.T, r io.Reader) (together [][]uint64, err error) {
	t.Helper()
	err = readFrames(r, func(messages []wire.Message) error {
		var nonces []uint64
		for _, m := range messages {
			nonces = append(nonces, m.(wire.Ping).Nonce)
		}
		together = append(together, nonces)
		return nil
	})
	return together, err
}

func TestFramesThatHaveArrivedComeTogether(t *testing.T) {
	first, second := pings(t, 1, 2, 3), pings(t, 4, 5)
	cut := len(first) - 2 // inside the third
	for name, test := range map[string]struct {
		r    io.Reader
		want [][]uint64
	}{
		"all at once":             {bytes.NewReader(slices.Concat(first, second)), [][]uint64{{1, 2, 3, 4, 5}}},
		"in two parts":            {io.MultiReader(bytes.NewReader(first), bytes.NewReader(second)), [][]uint64{{1, 2, 3}, {4, 5}}},
		"a part of a frame waits": {io.MultiReader(bytes.NewReader(first[:cut]), bytes.NewReader(first[cut:])), [][]uint64{{1, 2}, {3}}},
		"octet by octet":          {iotest.OneByteReader(bytes.NewReader(first)), [][]uint64{{1}, {2}, {3}}},
		"nothing":                 {bytes.NewReader(nil), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := arrivals(t, test.r)
			if err != nil || !slices.EqualFunc(got, test.want, slices.Equal) {
				t.Errorf("got %v, %v; want %v", got, err, test.want)
			}
		})
	}
}

func TestFramesBeforeADamagedOneCount(t *testing.T) {
	for name, end := range map[string][]byte{
		"a frame that is cut short": pings(t, 3)[:6],
		"a frame that is too large": {byte(wire.KindPing), 0xff, 0xff, 0xff},
		"a body that is none":       {byte(wire.KindText), 0, 0, 1, 0xff},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := arrivals(t, bytes.NewReader(slices.Concat(pings(t, 1, 2), end)))
			if err == nil || !slices.EqualFunc(got, [][]uint64{{1, 2}}, slices.Equal) {
				t.Errorf("got %v, error %v", got, err)
			}
		})
	}
}

func TestAFailureEndsTheReading(t *testing.T) {
	full := errors.New("disk is full")
	calls := 0
	err := readFrames(io.MultiReader(bytes.NewReader(pings(t, 1)), bytes.NewReader(pings(t, 2))), func([]wire.Message) error {
		calls++
		return full
	})
	if !errors.Is(err, full) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

func TestSequencesGrowUntilTheyAreTaken(t *testing.T) {
	var s sequences
	if !s.add(5, 7) || s.add(8, 9) || s.add(2, 3) {
		t.Error("only the first of a range begins it")
	}
	if first, last := s.take(); first != 2 || last != 9 {
		t.Errorf("took %d to %d", first, last)
	}
	if !s.add(10, 10) {
		t.Error("a range that was taken is empty")
	}
}
