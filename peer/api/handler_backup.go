package api

import (
	"io"
	"net/http"
	"time"
)

const contentBackup = "application/x-tar"

// backup serves a backup as one file. One that fails in the middle breaks the
// connection off, so that the client cannot take it for whole.
func (h *handler) backup(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", contentBackup)
	body := &patientWriter{w: w, deadline: http.NewResponseController(w)}
	err := h.backend.Backup(r.Context(), body)
	switch {
	case err == nil:
	case body.begun:
		panic(http.ErrAbortHandler)
	default:
		writeError(w, err)
	}
}

// patientWriter gives the client time to take each piece.
type patientWriter struct {
	w        io.Writer
	deadline *http.ResponseController
	begun    bool
}

func (p *patientWriter) Write(piece []byte) (int, error) {
	p.begun = true
	p.deadline.SetWriteDeadline(time.Now().Add(writeTimeout))
	return p.w.Write(piece)
}
