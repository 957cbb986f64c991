package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"unicode/utf8"

	"peerd/internal/printable"
)

const (
	// maxCursorName is the longest name of a cursor in bytes.
	maxCursorName = 128
	// maxPage is how many messages one request gets at most. Larger makes an
	// answer of the longest messages larger: 64 MiB with 1,000.
	maxPage = 1000
)

// Cursors is the part of a [Backend] that remembers, under a name, up to where
// somebody has dealt with the received messages. It is how a program gets each
// of them at least once, however often it is killed:
//
//	AfterCursor ─▶ m1 m2 m3      deal with m1 ─▶ AdvanceCursor m1 ─▶ deal with m2 ─▶ …
type Cursors interface {
	// AfterCursor lists received messages that the cursor has not passed, in
	// the order of their arrival. A name that was never used before is a new
	// cursor: it begins now, so the list is empty.
	AfterCursor(ctx context.Context, request CursorRequest) ([]Message, error)

	// AdvanceCursor says that the message, and all that AfterCursor lists
	// before it, has been dealt with. A cursor never moves back.
	AdvanceCursor(ctx context.Context, advance CursorAdvance) error
}

// CursorRequest asks for at most Limit messages after the cursor called Name.
type CursorRequest struct {
	Name  string
	Limit int // 1 to 1000
}

// CursorAdvance moves the cursor called Name past the message UpTo.
type CursorAdvance struct {
	Name string `json:"name"`
	UpTo string `json:"up_to"` // message id
}

// CheckCursorName says what is wrong with name, with CodeUsage.
func CheckCursorName(name string) error {
	switch {
	case name == "":
		return usage("a cursor needs a name")
	case len(name) > maxCursorName:
		return usage("the cursor's name is too long: %d bytes, at most %d are possible", len(name), maxCursorName)
	case !utf8.ValidString(name) || printable.Line(name) != name:
		return usage("the cursor's name has characters that cannot be shown")
	}
	return nil
}

func (h *handler) afterCursor(r *http.Request) ([]Message, error) {
	limit, err := strconv.Atoi(r.FormValue("limit"))
	if err != nil || limit < 1 || limit > maxPage {
		return nil, usage("the limit must be a number from 1 to %d, not %q", maxPage, r.FormValue("limit"))
	}
	request := CursorRequest{Name: r.FormValue("name"), Limit: limit}
	if err := CheckCursorName(request.Name); err != nil {
		return nil, err
	}
	return h.backend.AfterCursor(r.Context(), request)
}

func (h *handler) advanceCursor(r *http.Request) (struct{}, error) {
	advance, err := decode[CursorAdvance](r)
	if err == nil {
		err = CheckCursorName(advance.Name)
	}
	if err != nil {
		return struct{}{}, err
	}
	return struct{}{}, h.backend.AdvanceCursor(r.Context(), advance)
}

// AfterCursor is Backend.AfterCursor.
func (c *Client) AfterCursor(ctx context.Context, request CursorRequest) ([]Message, error) {
	query := url.Values{"name": {request.Name}, "limit": {strconv.Itoa(request.Limit)}}
	return list[Message](ctx, c, "/v1/cursor?"+query.Encode())
}

// AdvanceCursor is Backend.AdvanceCursor.
func (c *Client) AdvanceCursor(ctx context.Context, advance CursorAdvance) error {
	_, err := call[struct{}](ctx, c, http.MethodPost, "/v1/cursor", advance)
	return err
}
