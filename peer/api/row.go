package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"time"

	"peerd/internal/printable"
)

// Version is the "v":1 every row begins with. It marks the meaning of the
// fields a row has, not their number. The zero value is all there is.
type Version struct{}

func (Version) MarshalJSON() ([]byte, error) { return []byte("1"), nil }

// UnmarshalJSON refuses a row of another version, whose fields might mean
// something else.
func (Version) UnmarshalJSON(text []byte) error {
	if string(text) != "1" {
		return &Error{
			Code:    CodeOther,
			Message: fmt.Sprintf("row has version %s, this program knows version 1", text),
			Hint:    sameRelease,
		}
	}
	return nil
}

// Time is an instant in a row: RFC 3339, UTC, always nine decimals, so that
// rows sort as text.
type Time struct{ time.Time }

// At makes a Time of t.
func At(t time.Time) Time { return Time{t} }

func (t Time) MarshalJSON() ([]byte, error) {
	return t.UTC().AppendFormat(nil, `"2006-01-02T15:04:05.000000000Z07:00"`), nil
}

// Milliseconds is a duration in a row: a number of milliseconds with three
// decimals. Zero means not measured.
type Milliseconds time.Duration

func (m Milliseconds) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(m)/float64(time.Millisecond), 'f', 3, 64), nil
}

func (m *Milliseconds) UnmarshalJSON(text []byte) error {
	var number float64
	if err := json.Unmarshal(text, &number); err != nil {
		return err
	}
	*m = Milliseconds(number * float64(time.Millisecond))
	return nil
}

// List is a list in a row: an empty one is [], never null.
type List[T any] []T

func (l List[T]) MarshalJSON() ([]byte, error) {
	if l == nil {
		l = List[T]{}
	}
	return json.Marshal([]T(l))
}

// Endpoints is a list of endpoints in a row.
type Endpoints = List[netip.AddrPort]

// WriteRow writes row as one line of JSON. Whatever could steer a terminal is
// escaped, and so is what begins a tag or an entity in a page, so the line may be
// shown as it is.
func WriteRow(w io.Writer, row any) error {
	var line bytes.Buffer
	if err := json.NewEncoder(&line).Encode(row); err != nil {
		return fmt.Errorf("encode %T: %w", row, err)
	}
	_, err := w.Write(printable.JSON(line.Bytes()))
	return err
}
