package api

import (
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxSearch bounds the texts of a search, in bytes altogether. Each of their
// characters is looked up in the index, so a longer search takes longer.
const MaxSearch = 512

// SearchRequest says what to look for in the history.
type SearchRequest struct {
	// Texts must all be in the message, each as it is: no character in them
	// means something else. Letters are the same in either case, and in texts
	// of three characters and more also with and without accents.
	Texts []string
	Peer  string // only in the conversation with this peer; empty means all
	Limit int    // at most so many messages, the newest
}

// check says what is wrong with the request, with CodeUsage.
func (r SearchRequest) check() error {
	bytes := 0
	for _, text := range r.Texts {
		switch {
		case text == "":
			return usage("a text to search for is empty")
		case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
			return usage("a text to search for is not valid UTF-8 text")
		}
		bytes += len(text)
	}
	switch {
	case bytes == 0:
		return usage("there is no text to search for")
	case bytes > MaxSearch:
		return usage("what to search for is too long: %d bytes, at most %d are possible", bytes, MaxSearch)
	case r.Limit < 1:
		return usage("the limit must be at least 1")
	}
	return nil
}

func (h *handler) search(r *http.Request) ([]Message, error) {
	query := r.URL.Query()
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil {
		return nil, usage("the limit is no number: %q", query.Get("limit"))
	}
	request := SearchRequest{Texts: query["text"], Peer: query.Get("peer"), Limit: limit}
	if err := request.check(); err != nil {
		return nil, err
	}
	return h.backend.Search(r.Context(), request)
}
