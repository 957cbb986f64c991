package peer

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"peerd/wire"
)

// readSize is how many bytes are read from a stream at once. What has arrived
// while the messages before it were being stored, up to so much, is stored
// together; the rest waits in QUIC, whose windows bound it. Less costs an fsync
// more often.
const readSize = 32 << 10

// readFrames calls handle for the messages on r, for all that have arrived at
// once, until r ends, which is no error, or handle fails. When what comes is no
// message, handle gets those before it first.
func readFrames(r io.Reader, handle func([]wire.Message) error) error {
	reader := bufio.NewReaderSize(r, readSize)
	for {
		messages, err := readArrived(reader)
		if len(messages) > 0 {
			if failed := handle(messages); failed != nil {
				return failed
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readArrived waits for a frame and returns its message, and those of the whole
// frames that have come with it. An error is about what follows them.
func readArrived(reader *bufio.Reader) (messages []wire.Message, err error) {
	for {
		kind, body, err := wire.ReadFrame(reader, nil)
		if err != nil {
			return messages, err
		}
		m, err := wire.Parse(kind, body)
		if err != nil {
			return messages, err
		}
		if m != nil { // else a newer peer says something we do not know
			messages = append(messages, m)
		}
		if !frameArrived(reader) {
			return messages, nil
		}
	}
}

// frameArrived reports whether a frame can be read without waiting.
func frameArrived(reader *bufio.Reader) bool {
	if reader.Buffered() < wire.FrameHeaderSize {
		return false
	}
	header, _ := reader.Peek(wire.FrameHeaderSize)
	size := int(binary.BigEndian.Uint32(header) & 0xffffff)
	return reader.Buffered() >= wire.FrameHeaderSize+size
}
