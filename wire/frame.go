package wire

import (
	"errors"
	"io"
)

// Sizes of a frame on a control connection or on a session stream.
const (
	// FrameHeaderSize is one byte of kind and three of length, big endian.
	FrameHeaderSize = 4
	// MaxBody bounds a frame's body: 64 KiB of text and 8 KiB around it.
	// A larger bound lets a stranger make us allocate more per connection.
	MaxBody = 72 << 10
)

// ErrFrameTooLarge is returned for a frame whose header announces more than
// MaxBody bytes. The connection cannot be read further.
var ErrFrameTooLarge = errors.New("frame is larger than the limit")

// A Kind says which message a frame carries. Kinds below 64 travel on control
// connections, the others on session streams.
type Kind uint8

const (
	KindHello        Kind = 1
	KindWelcome      Kind = 2
	KindRefused      Kind = 3
	KindSnapshot     Kind = 4
	KindDelta        Kind = 5
	KindEndpoints    Kind = 6
	KindPrekey       Kind = 7
	KindTalk         Kind = 8
	KindTalkRefused  Kind = 9
	KindIntroduction Kind = 10
	KindEnvelope     Kind = 11
	KindRelay        Kind = 12
	KindPing         Kind = 13
	KindPong         Kind = 14
	KindGoodbye      Kind = 15

	KindText    Kind = 64
	KindReceipt Kind = 65
	KindRead    Kind = 66
)

// A Message is anything a frame can carry.
type Message interface {
	Kind() Kind
	// AppendBody appends the encoded body to b and returns the result.
	AppendBody(b []byte) ([]byte, error)
}

// AppendFrame appends m with its frame header to b.
func AppendFrame(b []byte, m Message) ([]byte, error) { panic("wire: not written yet") }

// ReadFrame reads one frame from r. The body is in buffer when it fits there
// and newly allocated otherwise; it is the caller's until the next call.
// It returns io.EOF only at a frame boundary, io.ErrUnexpectedEOF inside one.
func ReadFrame(r io.Reader, buffer []byte) (Kind, []byte, error) { panic("wire: not written yet") }

// Parse decodes a body of the given kind; unknown kinds return (nil, nil), so
// that a newer peer may send what we do not know.
func Parse(kind Kind, body []byte) (Message, error) { panic("wire: not written yet") }
