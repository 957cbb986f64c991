package api

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"time"
)

const (
	contentRow  = "application/json"
	contentRows = "application/x-ndjson"
)

// one serves an endpoint that answers with one row.
func one[T any](endpoint func(*http.Request) (T, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		row, err := bounded(w, r, endpoint)
		if err != nil {
			writeError(w, err)
			return
		}
		w.Header().Set("Content-Type", contentRow)
		WriteRow(w, row) // a client that is gone needs no answer
	}
}

// many serves an endpoint that answers with rows, one per line.
func many[T any](endpoint func(*http.Request) ([]T, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		rows, err := bounded(w, r, endpoint)
		if err != nil {
			writeError(w, err)
			return
		}
		w.Header().Set("Content-Type", contentRows)
		deadline := http.NewResponseController(w)
		buffered := bufio.NewWriterSize(w, 64<<10)
		for _, row := range rows {
			deadline.SetWriteDeadline(time.Now().Add(writeTimeout))
			if WriteRow(buffered, row) != nil {
				return
			}
		}
		buffered.Flush()
	}
}

// bounded runs endpoint on a request whose body it has read whole, within limits
// of bytes and time. The time limit must not outlast the body: the connection is
// also read to notice that the client has gone.
func bounded[T any](w http.ResponseWriter, r *http.Request, endpoint func(*http.Request) (T, error)) (T, error) {
	if r.Body != http.NoBody {
		deadline := http.NewResponseController(w)
		deadline.SetReadDeadline(time.Now().Add(headerTimeout))
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			var none T
			return none, usage("read the request: %v", err)
		}
		deadline.SetReadDeadline(time.Time{})
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return endpoint(r)
}

// writeError answers with err.
func writeError(w http.ResponseWriter, err error) {
	e := asError(err)
	w.Header().Set("Content-Type", contentRow)
	w.WriteHeader(e.Code.meaning().status)
	WriteRow(w, e)
}
