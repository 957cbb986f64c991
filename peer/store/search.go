package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"

	"peerd/wire"
)

const (
	// indexed is the length in characters from which a text is found by the
	// full-text index (migrations/3.sql), which knows nothing shorter.
	indexed = 3
	// shortReach is how many messages are looked through, from the newest, when
	// all texts are too short for the index, as most Chinese words are. It takes
	// about half a microsecond for each: twice as many would miss the bar of
	// 50 ms.
	shortReach = 50_000
)

// A Search says what to look for.
type Search struct {
	// Texts must all be in the message, each as it is: in any language, and
	// with no character that means something else. Letters are the same in
	// either case, and in texts of three characters and more also with and
	// without accents.
	Texts []string
	Peer  *wire.Key // only in the conversation with this peer
	Limit int       // at most so many, the newest
}

// Search returns the messages found, the newest first, ours and the peers'.
// When every text is shorter than three characters, only the newest 50,000
// messages (of the peer, if there is one) are looked through.
func (s *Store) Search(ctx context.Context, search Search) ([]Message, error) {
	statement, args := search.statement()
	messages, err := list(ctx, s, scanMessage, statement, args...)
	if err != nil {
		return nil, fmt.Errorf("search messages: %w", err)
	}
	return messages, nil
}

// statement returns the query and its arguments.
func (s Search) statement() (string, []any) {
	phrases, patterns := s.split()
	// The source yields its rows in the order wanted, so that nothing is sorted.
	source, order := fmt.Sprintf(`(SELECT * FROM message WHERE hidden = 0 ORDER BY row_id DESC LIMIT %d)`, shortReach), "row_id"
	conditions, args := []string{"true"}, []any{}
	switch {
	case len(phrases) > 0:
		// CROSS JOIN: the index leads.
		source, order = `(SELECT rowid AS found FROM message_text WHERE message_text MATCH ?) CROSS JOIN message`, "found"
		conditions = append(conditions, "row_id = found")
		args = append(args, s.match(phrases))
	case s.Peer != nil:
		source = fmt.Sprintf(`(SELECT * FROM message WHERE peer = ? AND hidden = 0 ORDER BY row_id DESC LIMIT %d)`, shortReach)
		args = append(args, s.Peer[:])
	}
	if s.Peer != nil {
		conditions, args = append(conditions, "peer = ?"), append(args, s.Peer[:])
	}
	for _, pattern := range patterns {
		conditions, args = append(conditions, "body GLOB ?"), append(args, pattern)
	}
	return `SELECT ` + messageColumns + ` FROM ` + source + ` WHERE ` + strings.Join(conditions, " AND ") +
		` ORDER BY ` + order + ` DESC LIMIT ?`, append(args, s.Limit)
}

// match returns the query of the index.
func (s Search) match(phrases []string) string {
	query := `body : (` + strings.Join(phrases, " AND ") + `)`
	if s.Peer != nil {
		query = `conversation : "` + hex.EncodeToString(s.Peer[:2])[:3] + `" AND ` + query
	}
	return query
}

// split returns the texts for the index as phrases of an FTS5 query, in which
// no character means something else, and the shorter ones as GLOB patterns.
func (s Search) split() (phrases, patterns []string) {
	for _, text := range s.Texts {
		if length(text) >= indexed {
			phrases = append(phrases, `"`+strings.ReplaceAll(text, `"`, `""`)+`"`)
		} else {
			patterns = append(patterns, pattern(text))
		}
	}
	return phrases, patterns
}

// length counts characters as the index does: a combining accent is none.
func length(text string) int {
	n := 0
	for _, r := range text {
		if !unicode.Is(unicode.Mn, r) {
			n++
		}
	}
	return n
}

// pattern is the GLOB pattern of texts that contain text, in whatever case.
func pattern(text string) string {
	var b strings.Builder
	b.WriteByte('*')
	for _, r := range text {
		cases := string(r)
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			cases += string(other)
		}
		if cases == string(r) && !strings.ContainsRune(`*?[`, r) {
			b.WriteRune(r)
		} else {
			b.WriteString("[" + cases + "]")
		}
	}
	b.WriteByte('*')
	return b.String()
}
