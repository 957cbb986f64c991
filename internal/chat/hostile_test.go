package chat

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

// ourStyles are the escape sequences that this package writes: bold, reverse, none.
var ourStyles = regexp.MustCompile("\x1b\\[[017]?m")

// TestT19TheScreenIsOurs shows a daemon that has an attack in every string on screens
// of several sizes, and looks at all that goes to the terminal.
func TestT19TheScreenIsOurs(t *testing.T) {
	for name, daemon := range map[string]*apitest.Hostile{
		"strings": {}, "flagged": {Flag: true}, "errors": {Fail: api.CodeOther}, "refusals": {Fail: api.CodeDenied},
	} {
		for _, texts := range []*Texts{&English, &Chinese} {
			t.Run(name, func(t *testing.T) {
				client := api.NewClient(apitest.Serve(t, daemon))
				defer client.Close()
				s := &story{Model: New(client, texts, time.Now()), t: t}
				s.after = func(time.Duration, func(time.Time) tea.Msg) tea.Cmd { return nil }
				shown := false
				for _, size := range []tea.WindowSizeMsg{{Width: 200, Height: 50}, {Width: 61, Height: 20}, {Width: 30, Height: 10}, {Width: 5, Height: 3}} {
					s.tell(size)
					s.tell(upMsg{})
					for _, e := range eventsOf(t, daemon) {
						s.tell(eventMsg{e})
					}
					s.types("/search x")
					s.presses("enter")
					if _, err := client.Peers(t.Context()); err != nil {
						s.isHarmless()
						s.tell(downMsg{err})
						s.isHarmless()
						s.tell(changedMsg{err: err})
					}
					shown = shown || strings.Contains(s.View().Content, apitest.Marker)
					s.isHarmless()
					s.presses("esc", "esc", "tab", "up", "f1", "esc")
					s.isHarmless()
				}
				if !shown {
					t.Error("nothing of the daemon's was on the screen: the test proves nothing")
				}
			})
		}
	}
}

// isHarmless fails when what goes to the terminal acts on it, but for our own styles,
// or when a line of a message passes for another message.
func (s *story) isHarmless() {
	s.t.Helper()
	view := s.View()
	content := ourStyles.ReplaceAllString(view.Content, "")
	for _, r := range content + view.WindowTitle {
		if unicode.IsControl(r) && r != '\n' || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			s.t.Errorf("%U is on the screen: %q", r, content)
			return
		}
	}
	for line := range strings.Lines(content) {
		_, pane, found := strings.Cut(line, "|")
		if !found {
			pane = line
		}
		if strings.HasPrefix(pane, apitest.Forged) {
			s.t.Errorf("a forged line: %q", content)
		}
	}
}

func eventsOf(t *testing.T, daemon *apitest.Hostile) []api.Event {
	t.Helper()
	return slices.Collect(func(yield func(api.Event) bool) {
		for e := range daemon.Subscribe(t.Context(), eventTypes...) {
			if !yield(e) {
				return
			}
		}
	})
}
