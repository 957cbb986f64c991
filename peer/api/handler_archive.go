package api

import (
	"bufio"
	"net/http"
)

// export serves the history, however long it is. One that fails in the middle
// breaks the connection off, so that the client cannot take it for whole.
func (h *handler) export(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", contentRows)
	body := &patientWriter{w: w, deadline: http.NewResponseController(w)}
	lines := bufio.NewWriterSize(body, 64<<10)
	for row, err := range h.backend.Export(r.Context(), r.FormValue("peer")) {
		if err == nil {
			err = WriteRow(lines, row)
		}
		switch {
		case err == nil:
		case body.begun || lines.Buffered() > 0:
			panic(http.ErrAbortHandler)
		default:
			writeError(w, err)
			return
		}
	}
	lines.Flush() // a client that is gone needs no answer
}

func (h *handler) importMessages(r *http.Request) (Imported, error) {
	request, err := decode[ImportRequest](r)
	if err != nil {
		return Imported{}, err
	}
	for i, message := range request.Messages {
		if err := message.Check(); err != nil {
			return Imported{}, usage("message %d: %v", i+1, err)
		}
	}
	return h.backend.Import(r.Context(), request)
}
