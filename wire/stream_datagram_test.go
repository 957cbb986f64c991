package wire

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// streamDatagram is a datagram as its vectors show it.
type streamDatagram struct{ Datagram []byte }

var streamDatagramCodec = codec[streamDatagram]{
	name:   "stream_datagram",
	encode: func(d streamDatagram) ([]byte, error) { return AppendStreamDatagram(nil, d.Datagram) },
	decode: func(b []byte) (streamDatagram, error) {
		d, err := ReadStreamDatagram(bytes.NewReader(b), make([]byte, MaxRelayedDatagram))
		return streamDatagram{d}, err
	},
}

func TestStreamDatagramVectors(t *testing.T) {
	streamDatagramCodec.testVectors(t,
		example[streamDatagram]{"one byte", streamDatagram{[]byte{0x40}}},
		example[streamDatagram]{"a packet", streamDatagram{[]byte("an encrypted QUIC packet")}},
		example[streamDatagram]{"a length of two bytes", streamDatagram{bytes.Repeat([]byte{0x41}, 300)}},
	)
}

func TestStreamDatagramsAreReadOneByOneHoweverTheyArrive(t *testing.T) {
	sent := [][]byte{[]byte("first"), {0}, make([]byte, MaxRelayedDatagram), []byte("last")}
	stream := []byte("kept")
	for _, datagram := range sent {
		var err error
		if stream, err = AppendStreamDatagram(stream, datagram); err != nil {
			t.Fatal(err)
		}
	}
	if string(stream[:4]) != "kept" {
		t.Fatalf("what was in the buffer is %q", stream[:4])
	}
	for name, r := range map[string]io.Reader{
		"at once":          bytes.NewReader(stream[4:]),
		"byte by byte":     iotest.OneByteReader(bytes.NewReader(stream[4:])),
		"with EOF on data": iotest.DataErrReader(bytes.NewReader(stream[4:])),
	} {
		t.Run(name, func(t *testing.T) {
			buffer := make([]byte, MaxRelayedDatagram)
			for _, want := range sent {
				if got, err := ReadStreamDatagram(r, buffer); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("read %x, %v, want %x", got, err, want)
				}
			}
			if _, err := ReadStreamDatagram(r, buffer); err != io.EOF {
				t.Errorf("at the end: %v", err)
			}
		})
	}
}

func TestStreamDatagramCutAnywhereIsNotTheEnd(t *testing.T) {
	whole, err := AppendStreamDatagram(nil, []byte("datagram"))
	if err != nil {
		t.Fatal(err)
	}
	for size := 1; size < len(whole); size++ {
		_, err := ReadStreamDatagram(bytes.NewReader(whole[:size]), make([]byte, MaxRelayedDatagram))
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut to %d bytes: %v", size, err)
		}
	}
}

func TestStreamDatagramRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		stream []byte
		want   string
	}{
		"nothing to carry": {[]byte{0, 0, 1}, "its length is 0, want 1 to 1500"},
		"one too large":    {append([]byte{0x05, 0xdd}, make([]byte, MaxRelayedDatagram+1)...), "its length is 1501"},
		"the longest":      {[]byte{0xff, 0xff}, "its length is 65535"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadStreamDatagram(bytes.NewReader(c.stream), make([]byte, MaxRelayedDatagram))
			wantError(t, err, c.want)
		})
	}
	for _, size := range []int{0, MaxRelayedDatagram + 1} {
		b, err := AppendStreamDatagram([]byte("kept"), make([]byte, size))
		if err == nil || string(b) != "kept" {
			t.Errorf("%d bytes were appended: %q, %v", size, b, err)
		}
	}
}

func FuzzReadStreamDatagram(f *testing.F) { streamDatagramCodec.fuzz(f) }
