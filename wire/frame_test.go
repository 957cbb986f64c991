package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

type frameVector struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	Body string `json:"body"`
	Hex  string `json:"hex"`
}

func TestFrameVectors(t *testing.T) {
	if *update {
		frame, err := AppendFrame(nil, Goodbye{Reason: "restarting"})
		if err != nil {
			t.Fatal(err)
		}
		writeTestdata(t, "frame", []frameVector{{
			"a goodbye", KindGoodbye, hex.EncodeToString(frame[FrameHeaderSize:]), hex.EncodeToString(frame),
		}})
	}
	var vectors []frameVector
	readTestdata(t, "frame", &vectors)
	for _, v := range vectors {
		kind, body, err := ReadFrame(bytes.NewReader(unhex(t, v.Hex)), nil)
		if err != nil || kind != v.Kind || hex.EncodeToString(body) != v.Body {
			t.Errorf("%s: read %v, %x, %v", v.Name, kind, body, err)
		}
	}
}

func TestFramesAreReadOneByOneHoweverTheyArrive(t *testing.T) {
	stream := []byte("kept")
	sent := []Message{Ping{Nonce: 1}, Ping{}, Goodbye{Reason: "restarting"}, Envelope{Session: exampleSession, Sealed: make([]byte, MaxSealed)}}
	for _, m := range sent {
		var err error
		if stream, err = AppendFrame(stream, m); err != nil {
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
			buffer := make([]byte, 64)
			for _, want := range sent {
				kind, body, err := ReadFrame(r, buffer)
				if err != nil || kind != want.Kind() {
					t.Fatalf("read %v, %v, want %v", kind, err, want.Kind())
				}
				if wantBody, _ := want.AppendBody(nil); !bytes.Equal(body, wantBody) {
					t.Errorf("%v: body is %x", kind, body)
				}
			}
			if _, _, err := ReadFrame(r, buffer); err != io.EOF {
				t.Errorf("at the end: %v", err)
			}
		})
	}
}

func TestFrameCutAnywhereIsNotTheEnd(t *testing.T) {
	frame, err := AppendFrame(nil, Goodbye{Reason: "restarting"})
	if err != nil {
		t.Fatal(err)
	}
	for size := range frame {
		want := io.ErrUnexpectedEOF
		if size == 0 {
			want = io.EOF
		}
		if _, _, err := ReadFrame(bytes.NewReader(frame[:size]), nil); err != want {
			t.Errorf("after %d bytes: %v, want %v", size, err, want)
		}
	}
}

func TestFrameIsReadIntoTheBufferWhenItFits(t *testing.T) {
	frame, err := AppendFrame(nil, Goodbye{Reason: "restarting"})
	if err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 0, MaxBody)
	_, body, err := ReadFrame(bytes.NewReader(frame), buffer)
	if err != nil || &body[0] != &buffer[:1][0] {
		t.Errorf("the body is elsewhere (%v)", err)
	}
	r := bytes.NewReader(nil)
	allocations := testing.AllocsPerRun(100, func() {
		r.Reset(frame)
		if _, _, err := ReadFrame(r, buffer); err != nil {
			t.Error(err)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func TestT15FrameTooLargeIsRefusedByItsHeader(t *testing.T) {
	header := []byte{byte(KindEnvelope), 0x01, 0x20, 0x01} // MaxBody+1
	_, _, err := ReadFrame(io.MultiReader(bytes.NewReader(header), iotest.ErrReader(errors.New("the body was read"))), nil)
	if !errors.Is(err, ErrFrameTooLarge) {
		t.Errorf("error is %v", err)
	}
	wantError(t, err, "read envelope of 73729 bytes")
}

type oversized struct{ Ping }

func (oversized) AppendBody(b []byte) ([]byte, error) {
	return append(b, make([]byte, MaxBody+1)...), nil
}

func TestFrameThatCannotBeSentLeavesTheBufferAlone(t *testing.T) {
	for _, m := range []Message{Hello{}, oversized{}} {
		if b, err := AppendFrame([]byte("kept"), m); err == nil || string(b) != "kept" {
			t.Errorf("buffer is %q, error is %v", b, err)
		}
	}
}

func FuzzReadFrame(f *testing.F) {
	frame, err := AppendFrame(nil, Ping{Nonce: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(frame)
	f.Add(append(frame, frame...))
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := bytes.NewReader(stream)
		for {
			kind, body, err := ReadFrame(r, make([]byte, 0, 16))
			if err != nil {
				return
			}
			if m, err := Parse(kind, body); err == nil && m != nil && m.Kind() != kind {
				t.Errorf("a frame of kind %v became a %v", kind, m.Kind())
			}
		}
	})
}
