package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/rs/zerolog"
)

// handler translates between HTTP and a Backend.
type handler struct {
	backend  Backend
	stopping context.Context // ends when the daemon shuts down
}

func newHandler(stopping context.Context, backend Backend, logger zerolog.Logger) http.Handler {
	h := &handler{backend: backend, stopping: stopping}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", one(h.status))
	mux.HandleFunc("GET /v1/peers", many(listed(backend.Peers)))
	mux.HandleFunc("POST /v1/messages", one(posted(backend.Send)))
	mux.HandleFunc("GET /v1/messages", many(h.read))
	mux.HandleFunc("GET /v1/messages/{id}/wait", one(h.wait))
	mux.HandleFunc("GET /v1/messages/{id}/receipts", many(h.receipts))
	mux.HandleFunc("POST /v1/edit", one(h.edit))
	mux.HandleFunc("GET /v1/search", many(h.search))
	mux.HandleFunc("GET /v1/history", many(h.history))
	mux.HandleFunc("POST /v1/read", one(h.markRead))
	mux.HandleFunc("POST /v1/connect", one(h.connect))
	mux.HandleFunc("POST /v1/ping", one(h.ping))
	mux.HandleFunc("POST /v1/netcheck", one(h.netcheck))
	mux.HandleFunc("GET /v1/why", one(h.why))
	mux.HandleFunc("POST /v1/introduce", one(posted(backend.SetIntroduce)))
	mux.HandleFunc("GET /v1/contacts", many(listed(backend.Contacts)))
	mux.HandleFunc("POST /v1/contacts/add", one(posted(backend.AddContact)))
	mux.HandleFunc("POST /v1/contacts/verify", one(posted(backend.Verify)))
	mux.HandleFunc("POST /v1/contacts/block", one(posted(backend.BlockContact)))
	mux.HandleFunc("GET /v1/contacts/receipts", many(listed(backend.ReadReceipts)))
	mux.HandleFunc("POST /v1/contacts/receipts", one(posted(backend.SetReadReceipts)))
	mux.HandleFunc("POST /v1/contacts/trust", one(posted(backend.Trust)))
	mux.HandleFunc("POST /v1/contacts/rename", one(posted(backend.RenameContact)))
	mux.HandleFunc("POST /v1/contacts/forget", one(posted(backend.ForgetContact)))
	mux.HandleFunc("GET /v1/cursor", many(h.afterCursor))
	mux.HandleFunc("POST /v1/cursor", one(h.advanceCursor))
	mux.HandleFunc("GET /v1/groups", many(listed(backend.Groups)))
	mux.HandleFunc("POST /v1/groups", one(posted(backend.CreateGroup)))
	mux.HandleFunc("POST /v1/groups/add", one(posted(backend.AddToGroup)))
	mux.HandleFunc("POST /v1/groups/leave", one(posted(backend.LeaveGroup)))
	mux.HandleFunc("GET /v1/files", many(listed(backend.Transfers)))
	mux.HandleFunc("POST /v1/files", one(h.offerFile))
	mux.HandleFunc("POST /v1/files/decide", one(posted(backend.DecideFile)))
	mux.HandleFunc("POST /v1/files/policy", one(posted(backend.FilePolicy)))
	mux.HandleFunc("GET /v1/export", h.export)
	mux.HandleFunc("POST /v1/import", one(h.importMessages))
	mux.HandleFunc("GET /v1/backup", h.backup)
	mux.HandleFunc("GET /v1/events", h.events)
	mux.HandleFunc("/", one(unknown))
	return gate(mux, logger)
}

func (h *handler) status(r *http.Request) (Status, error) { return h.backend.Status(r.Context()) }

// listed is an endpoint that answers with everything there is of a kind.
func listed[R any](list func(context.Context) ([]R, error)) func(*http.Request) ([]R, error) {
	return func(r *http.Request) ([]R, error) { return list(r.Context()) }
}

// posted is an endpoint that does what the body of the request says. A request
// that knows what may be wrong with it (check) is asked before.
func posted[Q, R any](act func(context.Context, Q) (R, error)) func(*http.Request) (R, error) {
	return func(r *http.Request) (R, error) {
		var none R
		request, err := decode[Q](r)
		if err != nil {
			return none, err
		}
		if checked, ok := any(request).(interface{ check() error }); ok {
			if err := checked.check(); err != nil {
				return none, err
			}
		}
		return act(r.Context(), request)
	}
}

// CheckText says what is wrong with text as a message, with CodeUsage: messages
// are UTF-8, not empty and at most MaxText bytes long.
func CheckText(text string) error {
	switch {
	case text == "":
		return usage("the message is empty")
	case len(text) > MaxText:
		e := usage("the message is too long: %d bytes, at most %d (64 KiB) are possible", len(text), MaxText)
		e.Hint = "send it as a file: peerctl file send PATH PEER"
		return e
	case !utf8.ValidString(text):
		return usage("the message is not valid UTF-8 text")
	}
	return nil
}

func (h *handler) read(r *http.Request) ([]Message, error) {
	query := r.URL.Query()
	return h.backend.Read(r.Context(), ReadRequest{From: query.Get("from"), Unread: query.Get("unread") == "true"})
}

func (h *handler) wait(r *http.Request) (Sent, error) {
	wanted, err := ParseState(r.FormValue("state"))
	if err != nil {
		return Sent{}, usage("%v", err)
	}
	within, err := time.ParseDuration(r.FormValue("within"))
	if err != nil {
		return Sent{}, usage("how long to wait: %v", err)
	}
	ctx, cancel := h.untilStopping(r.Context())
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, within)
	defer cancel()
	sent, err := h.backend.WaitMessage(ctx, r.PathValue("id"), wanted)
	if err == nil && !sent.State.Reached(wanted) && h.stopping.Err() != nil {
		return Sent{}, shuttingDown()
	}
	return sent, err
}

// untilStopping returns ctx, ended also by the daemon's shutdown.
func (h *handler) untilStopping(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(h.stopping, cancel)
	return ctx, func() { stop(); cancel() }
}

func (h *handler) markRead(r *http.Request) (struct{}, error) {
	mark, err := decode[ReadMark](r)
	if err != nil {
		return struct{}{}, err
	}
	return struct{}{}, h.backend.MarkRead(r.Context(), mark)
}

func (h *handler) connect(r *http.Request) (Peer, error) {
	ref, err := decode[PeerRef](r)
	if err != nil {
		return Peer{}, err
	}
	return h.backend.Connect(r.Context(), ref.Peer)
}

func (h *handler) ping(r *http.Request) (Ping, error) {
	ref, err := decode[PeerRef](r)
	if err != nil {
		return Ping{}, err
	}
	ctx, cancel := h.untilStopping(r.Context())
	defer cancel()
	return h.backend.Ping(ctx, ref.Peer)
}

func (h *handler) netcheck(r *http.Request) (Netcheck, error) {
	ctx, cancel := h.untilStopping(r.Context())
	defer cancel()
	return h.backend.Netcheck(ctx)
}

func (h *handler) why(r *http.Request) (Why, error) {
	return h.backend.Why(r.Context(), r.FormValue("peer"))
}

func unknown(r *http.Request) (struct{}, error) {
	return struct{}{}, &Error{
		Code:    CodeUsage,
		Message: fmt.Sprintf("the daemon does not know the request %s %s", r.Method, r.URL.Path),
		Hint:    sameRelease,
	}
}

// decode reads a request's body, which bounded has limited.
func decode[T any](r *http.Request) (T, error) {
	var value T
	if err := json.NewDecoder(r.Body).Decode(&value); err != nil {
		return value, usage("the request is not what was expected: %v", err)
	}
	return value, nil
}
