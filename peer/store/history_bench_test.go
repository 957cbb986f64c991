package store

import "testing"

// BenchmarkPageOfAMillionMessages is what a program that shows conversations asks
// for: with carol there is one message in the middle.
func BenchmarkPageOfAMillionMessages(b *testing.B) {
	dir := b.TempDir()
	fillWithChatter(b, dir, 1_000_000)
	s := reopen(b, dir)
	middle, err := s.Messages(b.Context(), Filter{Peer: &carol})
	check(b, err)
	id := middle[0].ID.String()
	for name, look := range map[string]func() (int, error){
		"the newest": func() (int, error) {
			m, err := s.Messages(b.Context(), Filter{Newest: true, Limit: 50})
			return len(m) - 49, err
		},
		"of one peer": func() (int, error) {
			m, err := s.Messages(b.Context(), Filter{Peer: &bob, Newest: true, Limit: 50})
			return len(m) - 49, err
		},
		"before the middle": func() (int, error) {
			m, err := s.Messages(b.Context(), Filter{Peer: &bob, Before: middle[0].Row, Newest: true, Limit: 50})
			return len(m) - 49, err
		},
		"a message by the end of its id": func() (int, error) {
			m, err := s.FindMessage(b.Context(), id[len(id)-8:])
			return int(m.Row) / int(middle[0].Row), err
		},
		"a message by all but the end of its id": func() (int, error) {
			m, err := s.FindMessage(b.Context(), id[:len(id)-8])
			return int(m.Row) / int(middle[0].Row), err
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if found, err := look(); err != nil || found != 1 {
					b.Fatalf("%d, %v", found, err)
				}
			}
		})
	}
}
