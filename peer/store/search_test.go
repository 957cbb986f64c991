package store

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"peerd/wire"
)

func searched(t *testing.T, s *Store, search Search) []string {
	t.Helper()
	if search.Limit == 0 {
		search.Limit = 50
	}
	found, err := s.Search(t.Context(), search)
	check(t, err)
	return bodies(found)
}

func TestSearchFindsTextOfAnyLanguage(t *testing.T) {
	said := []string{
		"即时聊天，大家都用", "STRASSE und Straße", "Un Café à Zürich", "cafe\u0301 decomposed",
		"party 🎉🎉🎉 tonight", "🎉", `she said "yes"`, "this AND that OR NOT NEAR(x)", "body:colon*", "100% sure_thing?",
		"[a-z]*", "Привет, мир", "สวัสดีชาวโลก", "ab", "x' OR '1'='1",
	}
	s := openTest(t)
	for _, body := range said {
		accept(t, s, alice, body)
	}
	for name, test := range map[string]struct {
		texts []string
		want  []string
	}{
		"two Chinese characters":            {[]string{"聊天"}, said[0:1]},
		"one Chinese character":             {[]string{"聊"}, said[0:1]},
		"four Chinese characters":           {[]string{"即时聊天"}, said[0:1]},
		"characters in another order":       {[]string{"天聊"}, nil},
		"case does not matter":              {[]string{"strasse"}, said[1:2]},
		"case does not matter in two":       {[]string{"AB"}, said[13:14]},
		"nor in Cyrillic":                   {[]string{"ПРИВЕТ"}, said[11:12]},
		"nor in two of Cyrillic":            {[]string{"МИ"}, said[11:12]},
		"accents do not matter":             {[]string{"cafe"}, []string{said[3], said[2]}},
		"nor if typed":                      {[]string{"CAFÉ"}, []string{said[3], said[2]}},
		"nor if typed as marks":             {[]string{"cafe\u0301"}, []string{said[3], said[2]}},
		"a letter and its mark":             {[]string{"fe\u0301"}, said[3:4]},
		"Thai":                              {[]string{"ชาวโลก"}, said[12:13]},
		"one emoji":                         {[]string{"🎉"}, []string{said[5], said[4]}},
		"three emoji":                       {[]string{"🎉🎉🎉"}, said[4:5]},
		"quotes":                            {[]string{`"yes"`}, said[6:7]},
		"one quote":                         {[]string{`"`}, said[6:7]},
		"a quote at an end":                 {[]string{`said "`}, said[6:7]},
		"operators are text":                {[]string{"AND that OR NOT NEAR("}, said[7:8]},
		"an operator alone":                 {[]string{"NOT"}, said[7:8]},
		"a column is text":                  {[]string{"body:colon*"}, said[8:9]},
		"a prefix is text":                  {[]string{"sai*"}, nil},
		"percent and underscore":            {[]string{"0% sure_"}, said[9:10]},
		"percent alone":                     {[]string{"%"}, said[9:10]},
		"underscore is no wildcard":         {[]string{"a_"}, nil},
		"brackets":                          {[]string{"[a"}, said[10:11]},
		"a bracket closed":                  {[]string{"]*"}, said[10:11]},
		"a star":                            {[]string{"*"}, []string{said[10], said[8]}},
		"a question mark":                   {[]string{"?"}, said[9:10]},
		"a quote of SQL":                    {[]string{"x' OR '1'='1"}, said[14:15]},
		"all texts must be there":           {[]string{"zürich", "café"}, said[2:3]},
		"in whatever length":                {[]string{"party", "🎉"}, said[4:5]},
		"each of them":                      {[]string{"party", "zürich"}, nil},
		"a backslash":                       {[]string{`\`}, nil},
		"a caret begins no set":             {[]string{"^a"}, nil},
		"an unknown long text":              {[]string{"nowhere to be found"}, nil},
		"the mark of a conversation":        {[]string{"610"}, nil},
		"many texts":                        {slices.Repeat([]string{"party"}, 170), said[4:5]},
		"a text of nothing but accents":     {[]string{"\u0301"}, said[3:4]},
		"blanks are part of the text":       {[]string{"that OR"}, said[7:8]},
		"blanks that are not there are not": {[]string{"that  OR"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := searched(t, s, Search{Texts: test.texts}); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestSearchReturnsTheNewestFirst(t *testing.T) {
	s := openTest(t)
	namesake := wire.Key{alice[0], alice[1], 'n'} // the index takes it for alice
	receive(t, s, alice, 2, "alice: second hello")
	accept(t, s, bob, "to bob: hello")
	receive(t, s, alice, 1, "alice: first hello, late")
	receive(t, s, namesake, 1, "namesake: hello")
	accept(t, s, alice, "to alice: hello")
	for name, test := range map[string]struct {
		search Search
		want   []string
	}{
		"everybody": {Search{}, []string{"to alice: hello", "namesake: hello", "alice: first hello, late", "to bob: hello", "alice: second hello"}},
		"one peer":  {Search{Peer: &alice}, []string{"to alice: hello", "alice: first hello, late", "alice: second hello"}},
		"two":       {Search{Limit: 2}, []string{"to alice: hello", "namesake: hello"}},
		"nobody":    {Search{Peer: &carol}, nil},
	} {
		for _, text := range []string{"HELLO", "LO"} {
			t.Run(name+" "+text, func(t *testing.T) {
				test.search.Texts = []string{text}
				if got := searched(t, s, test.search); !slices.Equal(got, test.want) {
					t.Errorf("got  %q\nwant %q", got, test.want)
				}
			})
		}
	}
}

func TestSearchNeitherReadsNorSortsALongHistory(t *testing.T) {
	s := openTest(t)
	for name, search := range map[string]Search{
		"of everybody": {},
		"of one":       {Peer: &alice},
	} {
		for _, patterns := range [][]string{nil, {"*a*"}, {"*a*", "*b*"}} {
			t.Run(fmt.Sprintf("%s with %d short texts", name, len(patterns)), func(t *testing.T) {
				statement, args := search.statementOfNewest(patterns)
				if plan := explain(t, s, statement, args...); strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "MATERIALIZE") {
					t.Errorf("sorts or copies what it finds:\n%s", plan)
				}
				statement, args = search.statementOfNamed([]int64{1, 2}, patterns)
				if plan := explain(t, s, statement, args...); strings.Contains(plan, "SCAN message") || strings.Contains(plan, "TEMP B-TREE FOR ORDER BY") {
					t.Errorf("reads more than what the index names:\n%s", plan)
				}
			})
		}
	}
}

// The text of a message may change, or go: the index follows.
func TestSearchForgetsWhatIsNoLongerSaid(t *testing.T) {
	s := openTest(t)
	accept(t, s, alice, "the old words")
	accept(t, s, alice, "the words that go")
	if got := searched(t, s, Search{Texts: []string{"words"}}); len(got) != 2 {
		t.Fatalf("found %q", got)
	}
	check(t, apply(t.Context(), s, "change", func(tx *transaction) error {
		if err := tx.exec(`UPDATE message SET body = 'the new words' WHERE row_id = 1`); err != nil {
			return err
		}
		return tx.exec(`DELETE FROM message WHERE row_id = 2`)
	}))
	for text, want := range map[string][]string{"old": nil, "that go": nil, "new words": {"the new words"}} {
		if got := searched(t, s, Search{Texts: []string{text}}); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestMessagesOfAnOlderFileAreFound(t *testing.T) {
	dir := t.TempDir()
	old, err := connect(filepath.Join(dir, fileName), 1)
	check(t, err)
	check(t, migrateStep(t.Context(), old, steps(t)[0]))
	insertOld(t, old, "即时聊天 of long ago")
	check(t, old.Close())
	s := reopen(t, dir)
	accept(t, s, alice, "即时聊天 of today")
	want := []string{"即时聊天 of today", "即时聊天 of long ago"}
	if got := searched(t, s, Search{Texts: []string{"即时聊天"}}); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func insertOld(t *testing.T, db *sql.DB, body string) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), `INSERT INTO conversation (peer) VALUES (?)`, alice[:])
	check(t, err)
	id := newID()
	_, err = db.ExecContext(t.Context(), `INSERT INTO message (id, peer, outgoing, seq, body, sent_at, state)
		VALUES (?, ?, 0, 1, ?, 1, 'read')`, id[:], alice[:], body)
	check(t, err)
}
