package store

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"unicode"

	"peerd/wire"
)

const (
	// indexed is the length in characters from which a text is found by the
	// full-text index (index.go), which knows nothing shorter.
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
	Peer  *wire.Key    // only in the conversation with this peer, in no group
	Group wire.GroupID // only in this group; zero = in any, and in none
	Limit int          // at most so many, the newest
}

// Search returns the messages found, the newest first, ours and the peers'.
// When every text is shorter than three characters, only the newest 50,000
// messages (of the peer, if there is one) are looked through.
func (s *Store) Search(ctx context.Context, search Search) ([]Message, error) {
	phrases, patterns := search.split()
	find := s.searchIndex
	if len(phrases) == 0 {
		find = s.searchNewest
	}
	messages, err := find(ctx, search, phrases, patterns)
	if err != nil {
		return nil, fmt.Errorf("search messages: %w", err)
	}
	return messages, nil
}

// searchNewest looks through the newest messages.
func (s *Store) searchNewest(ctx context.Context, search Search, _, patterns []string) ([]Message, error) {
	statement, args := search.statementOfNewest(patterns)
	return list(ctx, s, scanMessage, statement, args...)
}

// statementOfNewest returns a query that looks through the newest messages.
func (s Search) statementOfNewest(patterns []string) (string, []any) {
	source, args := fmt.Sprintf(`(SELECT * FROM message ORDER BY row_id DESC LIMIT %d)`, shortReach), []any(nil)
	if s.Peer != nil {
		source = fmt.Sprintf(`(SELECT * FROM message WHERE peer = ? ORDER BY row_id DESC LIMIT %d)`, shortReach)
		args = append(args, s.Peer[:])
	}
	conditions, values := s.conditions(patterns)
	return `SELECT ` + messageColumns + ` FROM ` + source + ` WHERE ` + conditions + ` ORDER BY row_id DESC LIMIT ?`,
		append(append(args, values...), s.Limit)
}

// searchIndex asks the index, which knows of every message that is stored, and
// looks up what it names.
func (s *Store) searchIndex(ctx context.Context, search Search, phrases, patterns []string) (found []Message, err error) {
	if s.writer.stopped() {
		return nil, ErrClosed
	}
	found, err = s.askIndex(ctx, search, phrases, patterns)
	if s.index.renewDamaged(ctx, err) {
		return s.askIndex(ctx, search, phrases, patterns)
	}
	return found, err
}

func (s *Store) askIndex(ctx context.Context, search Search, phrases, patterns []string) (found []Message, err error) {
	if err := s.index.catchUp(ctx); err != nil {
		return nil, err
	}
	var named []int64
	lookUp := func() (more bool) {
		var chosen []Message
		statement, args := search.statementOfNamed(named, patterns)
		chosen, err = list(ctx, s, scanMessage, statement, args...)
		found, named = append(found, chosen...), nil
		return err == nil && len(found) < search.Limit
	}
	failed := s.index.find(ctx, search.match(phrases), func(row int64) bool {
		named = append(named, row)
		return len(named) < search.Limit || lookUp()
	})
	if failed == nil && err == nil && len(named) > 0 {
		lookUp()
	}
	return found[:min(len(found), search.Limit)], cmp.Or(failed, err)
}

// statementOfNamed returns a query for the messages in rows that are wanted.
func (s Search) statementOfNamed(rows []int64, patterns []string) (string, []any) {
	list := strings.ReplaceAll(fmt.Sprint(rows), " ", ",") // [1,2,3]
	conditions, args := s.conditions(patterns)
	return `SELECT ` + messageColumns + ` FROM message WHERE row_id IN (SELECT value FROM json_each(?)) AND ` + conditions +
		` ORDER BY row_id DESC`, append([]any{list}, args...)
}

// conditions are those that the index does not see to.
func (s Search) conditions(patterns []string) (string, []any) {
	conditions, args := []string{"hidden = 0"}, []any(nil)
	if s.Peer != nil {
		conditions, args = append(conditions, "peer = ? AND group_id = x''"), append(args, s.Peer[:])
	}
	if !s.Group.IsZero() {
		conditions, args = append(conditions, "group_id = ?"), append(args, s.Group[:])
	}
	for _, pattern := range patterns {
		conditions, args = append(conditions, "body GLOB ?"), append(args, pattern)
	}
	return strings.Join(conditions, " AND "), args
}

// match returns the query of the index.
func (s Search) match(phrases []string) string {
	query := `body : (` + strings.Join(phrases, " AND ") + `)`
	if s.Peer != nil {
		query = `conversation : "` + conversationMark(s.Peer[:]) + `" AND ` + query
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
