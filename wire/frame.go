package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Sizes of a frame on a control connection or on a session stream.
const (
	// FrameHeaderSize is one byte of kind and three of length, big endian.
	FrameHeaderSize = 4
	// MaxBody bounds a frame's body: the largest sealed envelope (MaxSealed)
	// and 2 KiB around it. A larger bound lets a stranger make us allocate
	// more per connection.
	MaxBody = 72 << 10
)

// ErrFrameTooLarge is returned for a frame whose header announces more than
// MaxBody bytes. The connection cannot be read further.
var ErrFrameTooLarge = errors.New("frame is larger than the limit")

// AppendFrame appends m with its frame header to b. On error it returns b as
// it was: nothing of m.
func AppendFrame(b []byte, m Message) ([]byte, error) {
	start := len(b)
	framed, err := m.AppendBody(append(b, byte(m.Kind()), 0, 0, 0))
	if err != nil {
		return b, err
	}
	size := len(framed) - start - FrameHeaderSize
	if size > MaxBody {
		return b, fmt.Errorf("encode %v: %d bytes: %w", m.Kind(), size, ErrFrameTooLarge)
	}
	binary.BigEndian.PutUint32(framed[start:], uint32(m.Kind())<<24|uint32(size))
	return framed, nil
}

// ReadFrame reads one frame from r. The body is in buffer when it fits there
// (up to its capacity) and newly allocated otherwise; it is the caller's until
// the next call with the same buffer. A buffer of MaxBody bytes never allocates.
//
// It returns io.EOF only at a frame boundary, io.ErrUnexpectedEOF inside a
// frame, and ErrFrameTooLarge before reading such a body.
func ReadFrame(r io.Reader, buffer []byte) (Kind, []byte, error) {
	buffer = buffer[:cap(buffer)]
	if len(buffer) < FrameHeaderSize {
		buffer = make([]byte, FrameHeaderSize)
	}
	header := buffer[:FrameHeaderSize]
	if _, err := io.ReadFull(r, header); err != nil {
		return 0, nil, err
	}
	kind, size := Kind(header[0]), int(binary.BigEndian.Uint32(header)&0xffffff)
	if size > MaxBody {
		return kind, nil, fmt.Errorf("read %v of %d bytes: %w", kind, size, ErrFrameTooLarge)
	}
	if size > len(buffer) {
		buffer = make([]byte, size)
	}
	body := buffer[:size]
	if _, err := io.ReadFull(r, body); err == io.EOF {
		return kind, nil, io.ErrUnexpectedEOF
	} else if err != nil {
		return kind, nil, err
	}
	return kind, body, nil
}
