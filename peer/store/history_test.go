package store

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestHistoryIsInConversationOrder(t *testing.T) {
	s := openTest(t)
	receive(t, s, alice, 1, "alice 1")
	receive(t, s, alice, 3, "alice 3")
	accept(t, s, alice, "to alice 1")
	receive(t, s, bob, 1, "bob 1")
	receive(t, s, alice, 2, "alice 2, late")
	accept(t, s, alice, "to alice 2")

	for name, test := range map[string]struct {
		filter Filter
		want   []string
	}{
		"everything":              {Filter{}, []string{"alice 1", "alice 2, late", "to alice 1", "bob 1", "alice 3", "to alice 2"}},
		"one conversation":        {Filter{Peer: &alice}, []string{"alice 1", "alice 2, late", "to alice 1", "alice 3", "to alice 2"}},
		"another":                 {Filter{Peer: &bob}, []string{"bob 1"}},
		"with nobody":             {Filter{Peer: &carol}, []string{}},
		"unread":                  {Filter{Unread: true}, []string{"alice 1", "alice 2, late", "bob 1", "alice 3"}},
		"unread of one":           {Filter{Peer: &alice, Unread: true}, []string{"alice 1", "alice 2, late", "alice 3"}},
		"the first two":           {Filter{Limit: 2}, []string{"alice 1", "alice 3"}},
		"the next two":            {Filter{After: 2, Limit: 2}, []string{"to alice 1", "bob 1"}},
		"the newest two":          {Filter{Newest: true, Limit: 2}, []string{"alice 2, late", "to alice 2"}},
		"all from the newest":     {Filter{Newest: true, Peer: &bob}, []string{"bob 1"}},
		"the page before":         {Filter{Before: 5, Newest: true, Limit: 2}, []string{"to alice 1", "bob 1"}},
		"what came later is late": {Filter{After: 4}, []string{"alice 2, late", "to alice 2"}},
		"nothing after the last":  {Filter{After: 6}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.Messages(t.Context(), test.filter)
			check(t, err)
			if !slices.Equal(bodies(got), test.want) {
				t.Errorf("got  %q\nwant %q", bodies(got), test.want)
			}
		})
	}
}

func TestUnknownMessageIsNotFound(t *testing.T) {
	if _, err := openTest(t).Message(t.Context(), newID()); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func TestQueriesOfALongHistoryUseAnIndex(t *testing.T) {
	s := openTest(t)
	for name, filter := range map[string]Filter{
		"everything":       {},
		"one conversation": {Peer: &alice},
		"unread":           {Unread: true},
		"unread of one":    {Peer: &alice, Unread: true},
	} {
		t.Run(name, func(t *testing.T) {
			statement, args := filter.statement()
			if plan := explain(t, s, statement, args...); strings.Contains(plan, "SCAN") {
				t.Errorf("reads the whole history:\n%s", plan)
			}
		})
	}
}

func explain(t *testing.T, s *Store, statement string, args ...any) string {
	t.Helper()
	steps, err := list(t.Context(), s, func(row scanner) (step string, err error) {
		var id, parent, unused int
		err = row.Scan(&id, &parent, &unused, &step)
		return step, err
	}, "EXPLAIN QUERY PLAN "+statement, args...)
	check(t, err)
	return strings.Join(steps, "\n")
}
