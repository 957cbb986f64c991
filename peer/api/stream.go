package api

import (
	"net/http"
	"time"
)

// events serves a subscription: one row per line as it happens, a blank line
// when nothing has happened for a while. The answer's header is sent once the
// subscription stands, so whoever has seen it misses nothing.
func (h *handler) events(w http.ResponseWriter, r *http.Request) {
	var types []EventType
	for _, text := range r.URL.Query()["type"] {
		t, err := ParseEventType(text)
		if err != nil {
			writeError(w, usage("%v", err))
			return
		}
		types = append(types, t)
	}
	ctx, cancel := h.untilStopping(r.Context())
	defer cancel()
	stream := newStream(w)
	events := h.backend.Subscribe(ctx, types...)
	heartbeat := time.NewTicker(heartbeatInterval)
	defer heartbeat.Stop()
	for err := stream.flush(); err == nil; {
		select {
		case event, open := <-events:
			if open {
				err = stream.row(event)
				break
			}
			stream.end(h.reason())
			return
		case <-heartbeat.C:
			err = stream.blank()
		}
	}
}

// reason is why the backend has ended a subscription. A client that has left
// does not read it.
func (h *handler) reason() *Error {
	if h.stopping.Err() != nil {
		return shuttingDown()
	}
	return &Error{
		Code:    CodeOther,
		Message: "events came faster than they were taken: some are missing",
		Hint:    "messages are kept, see: peerctl read --unread",
	}
}

func shuttingDown() *Error {
	return &Error{
		Code:    CodeUnreachable,
		Message: "the daemon is shutting down",
		Hint:    startHint,
	}
}

// stream writes lines to a client and flushes each.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func newStream(w http.ResponseWriter) *stream {
	w.Header().Set("Content-Type", contentRows)
	w.Header().Set("Cache-Control", "no-store")
	return &stream{w, http.NewResponseController(w)}
}

func (s *stream) row(row any) error {
	s.extend()
	if err := WriteRow(s.w, row); err != nil {
		return err
	}
	return s.flush()
}

func (s *stream) blank() error {
	s.extend()
	if _, err := s.w.Write([]byte("\n")); err != nil {
		return err
	}
	return s.flush()
}

// streamEnd is the last line of a stream that the daemon ends.
type streamEnd struct {
	V     Version   `json:"v"`
	Type  errorType `json:"type"`
	Error *Error    `json:"error"`
}

// end tells the client why the stream is over. Nothing depends on its arrival.
func (s *stream) end(err *Error) { s.row(streamEnd{Error: err}) }

func (s *stream) flush() error { return s.control.Flush() }

// extend gives the client time to take the next piece. Without it, one that
// has stopped reading would hold its goroutine for good.
func (s *stream) extend() { s.control.SetWriteDeadline(time.Now().Add(writeTimeout)) }
