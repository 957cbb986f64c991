package hostilequic

import (
	"bytes"
	"reflect"
	"testing"
)

var everyFrame = []Frame{
	{Type: Ping},
	{Type: Ack, Numbers: []uint64{Largest, 0, 0, 3}},
	{Type: Ack, Numbers: []uint64{9, 1, 2, 0, 1, 0, 0, 1}},
	{Type: AckECN, Numbers: []uint64{9, 1, 1, 0, 1, 0, 5, 6, 7}},
	{Type: ResetStream, Numbers: []uint64{4, 1, 1 << 20}},
	{Type: StopSending, Numbers: []uint64{4, 1}},
	{Type: Crypto, Numbers: []uint64{7}, Data: []byte("hello")},
	{Type: NewToken, Data: []byte("token")},
	{Type: Stream, Numbers: []uint64{4, 1 << 40}, Data: bytes.Repeat([]byte("s"), 100)},
	{Type: StreamEnd, Numbers: []uint64{4, 0}, Data: []byte("s")},
	{Type: MaxData, Numbers: []uint64{1 << 30}},
	{Type: MaxStreamData, Numbers: []uint64{4, 1 << 14}},
	{Type: MaxStreams, Numbers: []uint64{1 << 60}},
	{Type: DataBlocked, Numbers: []uint64{63}},
	{Type: NewConnectionID, Numbers: []uint64{2, 1}, Data: []byte("\x04id_4token of 16 oct.")},
	{Type: RetireConnectionID, Numbers: []uint64{64}},
	{Type: PathChallenge, Data: []byte("8 octets")},
	{Type: PathResponse, Data: []byte("8 octets")},
	{Type: ConnectionClose, Numbers: []uint64{10, 6}, Data: []byte("why")},
	{Type: ApplicationClose, Numbers: []uint64{2}, Data: []byte("why")},
	{Type: HandshakeDone},
}

func TestFramesAreReadAsTheyWereWritten(t *testing.T) {
	var payload []byte
	for _, f := range everyFrame {
		payload = append(f.Append(payload), Padding, Padding)
		one, err := Parse(f.Append(nil))
		if err != nil || len(one) != 1 || !equal(one[0], f) {
			t.Errorf("%+v was read as %+v (%v)", f, one, err)
		}
	}
	all, err := Parse(payload)
	if err != nil || len(all) != len(everyFrame) {
		t.Errorf("%d frames of %d were read (%v)", len(all), len(everyFrame), err)
	}
}

func equal(a, b Frame) bool {
	return a.Type == b.Type && len(a.Numbers) == len(b.Numbers) && bytes.Equal(a.Data, b.Data) &&
		(len(a.Numbers) == 0 || reflect.DeepEqual(a.Numbers, b.Numbers))
}

func TestFramesThatAreCutShortAreRefused(t *testing.T) {
	for _, f := range everyFrame {
		whole := f.Append(nil)
		for n := 1; n < len(whole); n++ {
			if frames, err := Parse(whole[:n]); err == nil {
				t.Errorf("%d octets of %d of %+v were read as %+v", n, len(whole), f, frames)
			}
		}
	}
}

func TestStreamFramesOfEveryKindAreRead(t *testing.T) {
	for payload, want := range map[string]Frame{
		"\x08\x04abc":         {Type: Stream, Numbers: []uint64{4, 0}, Data: []byte("abc")},
		"\x09\x04abc":         {Type: StreamEnd, Numbers: []uint64{4, 0}, Data: []byte("abc")},
		"\x0c\x04\x07abc":     {Type: Stream, Numbers: []uint64{4, 7}, Data: []byte("abc")},
		"\x0a\x04\x03abc\x00": {Type: Stream, Numbers: []uint64{4, 0}, Data: []byte("abc")},
	} {
		if got, err := Parse([]byte(payload)); err != nil || len(got) != 1 || !equal(got[0], want) {
			t.Errorf("%q was read as %+v (%v)", payload, got, err)
		}
	}
}

func TestFramesOfNoKnownTypeCannotBeRead(t *testing.T) {
	if frames, err := Parse([]byte{Ping, 0x1f}); err == nil || len(frames) != 1 {
		t.Errorf("read %+v (%v)", frames, err)
	}
}
