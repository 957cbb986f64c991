package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

const startHint = "start it with: peerd run"

// maxRow bounds a row in bytes: a Message of MaxText bytes of which JSON escapes
// every one.
const maxRow = maxBody

// A Client talks to the daemon. Its methods are those of [Backend], seen from
// the other end of the socket, and return the same errors; in addition, an
// [*Error] of CodeUnreachable where no daemon answers, and the context's error
// when it ends first. It is safe for concurrent use.
type Client struct {
	http http.Client
}

// NewClient returns a client of the daemon on socket. It connects when it is
// used.
func NewClient(socket string) *Client {
	return &Client{http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dial(ctx, socket)
		},
		DisableCompression: true,
	}}}
}

// Close closes connections that are not in use.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func dial(ctx context.Context, socket string) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", socket)
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED):
		return nil, &Error{
			Code:    CodeUnreachable,
			Subject: socket,
			Message: fmt.Sprintf("no daemon answers on %s", socket),
			Hint:    startHint,
		}
	case errors.Is(err, fs.ErrPermission):
		return nil, &Error{
			Code:    CodeDenied,
			Subject: socket,
			Message: fmt.Sprintf("you may not open the socket %s: it is another user's", socket),
			Hint:    "run peerctl as the user who runs peerd",
		}
	default:
		return nil, &Error{
			Code:    CodeUnreachable,
			Message: fmt.Sprintf("cannot reach a daemon on %s: %v", socket, err),
			Hint:    startHint,
		}
	}
	if err := recognise(conn); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// Status is Backend.Status.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return call[Status](ctx, c, http.MethodGet, "/v1/status", nil)
}

// Peers is Backend.Peers.
func (c *Client) Peers(ctx context.Context) ([]Peer, error) {
	return list[Peer](ctx, c, "/v1/peers")
}

// Send is Backend.Send.
func (c *Client) Send(ctx context.Context, request SendRequest) (Sent, error) {
	return call[Sent](ctx, c, http.MethodPost, "/v1/messages", request)
}

// WaitMessage is Backend.WaitMessage: it returns the message's row when the
// wanted state is reached, and after within at the latest, as it is then.
func (c *Client) WaitMessage(ctx context.Context, id string, wanted State, within time.Duration) (Sent, error) {
	query := url.Values{"state": {string(wanted)}, "within": {within.String()}}
	return call[Sent](ctx, c, http.MethodGet, "/v1/messages/"+url.PathEscape(id)+"/wait?"+query.Encode(), nil)
}

// Read is Backend.Read.
func (c *Client) Read(ctx context.Context, request ReadRequest) ([]Message, error) {
	query := url.Values{"from": {request.From}, "unread": {strconv.FormatBool(request.Unread)}}
	return list[Message](ctx, c, "/v1/messages?"+query.Encode())
}

// Search is Backend.Search.
func (c *Client) Search(ctx context.Context, request SearchRequest) ([]Message, error) {
	query := url.Values{"text": request.Texts, "peer": {request.Peer}, "limit": {strconv.Itoa(request.Limit)}}
	return list[Message](ctx, c, "/v1/search?"+query.Encode())
}

// MarkRead is Backend.MarkRead.
func (c *Client) MarkRead(ctx context.Context, mark ReadMark) error {
	_, err := call[struct{}](ctx, c, http.MethodPost, "/v1/read", mark)
	return err
}

// Connect is Backend.Connect.
func (c *Client) Connect(ctx context.Context, peer string) (Peer, error) {
	return call[Peer](ctx, c, http.MethodPost, "/v1/connect", PeerRef{peer})
}

// Ping is Backend.Ping.
func (c *Client) Ping(ctx context.Context, peer string) (Ping, error) {
	return call[Ping](ctx, c, http.MethodPost, "/v1/ping", PeerRef{peer})
}

// Netcheck is Backend.Netcheck.
func (c *Client) Netcheck(ctx context.Context) (Netcheck, error) {
	return call[Netcheck](ctx, c, http.MethodPost, "/v1/netcheck", nil)
}

// Why is Backend.Why.
func (c *Client) Why(ctx context.Context, peer string) (Why, error) {
	return call[Why](ctx, c, http.MethodGet, "/v1/why?"+url.Values{"peer": {peer}}.Encode(), nil)
}

// call makes a request that is answered with one row.
func call[T any](ctx context.Context, c *Client, method, target string, body any) (T, error) {
	var row T
	response, err := c.do(ctx, method, target, body)
	if err != nil {
		return row, err
	}
	defer response.Body.Close()
	err = json.NewDecoder(response.Body).Decode(&row)
	return row, explain(ctx, err)
}

// list makes a request that is answered with any number of rows.
func list[T any](ctx context.Context, c *Client, target string) ([]T, error) {
	response, err := c.do(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var rows []T
	for decoder := json.NewDecoder(bufio.NewReader(response.Body)); ; {
		var row T
		err := decoder.Decode(&row)
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, explain(ctx, err)
		}
		rows = append(rows, row)
	}
}

// do returns a successful response, whose body the caller closes.
func (c *Client) do(ctx context.Context, method, target string, body any) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+host+target, content)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, explain(ctx, err)
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer response.Body.Close()
	failure := &Error{}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxRow)).Decode(failure); err != nil || failure.Message == "" {
		return nil, fmt.Errorf("the daemon answered %s without an explanation", response.Status)
	}
	return nil, failure
}

// explain turns an error of the transport into one for the user.
func explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{
		Code:    CodeUnreachable,
		Message: fmt.Sprintf("the daemon went away in the middle of an answer: %v", err),
		Hint:    startHint,
	}
}
