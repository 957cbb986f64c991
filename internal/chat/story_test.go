package chat

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"peerd/peer/api"
)

// epoch is when things happen in these tests.
var epoch = time.Date(2026, 11, 21, 8, 0, 0, 0, time.Local)

// story is a chat without a terminal: it is told what happens, and its commands
// are run at once, against a daemon that keeps everything in memory.
type story struct {
	*Model
	t      *testing.T
	daemon *memory
	bells  int
	quit   bool
	waits  []func() // commands held back, see hold
	hold   bool     // answers of the daemon are late
}

func begin(t *testing.T, first ...string) *story {
	s := &story{t: t, daemon: newMemory()}
	s.Model = New(s.daemon, &English, epoch, first...)
	s.after = func(time.Duration, func(time.Time) tea.Msg) tea.Cmd { return nil }
	s.tell(tea.WindowSizeMsg{Width: 80, Height: 24})
	s.tell(upMsg{})
	return s
}

// tell makes something happen and runs what follows from it.
func (s *story) tell(msg tea.Msg) {
	switch msg := msg.(type) {
	case nil:
		return
	case tea.BatchMsg:
		for _, command := range msg {
			s.run(command)
		}
		return
	case tea.RawMsg:
		if msg.Msg == "\a" {
			s.bells++
		}
		return
	case tea.QuitMsg:
		s.quit = true
		return
	}
	_, command := s.Update(msg)
	s.run(command)
}

func (s *story) run(command tea.Cmd) {
	if command == nil {
		return
	}
	if s.hold {
		switch msg := command().(type) {
		case tea.BatchMsg, tea.QuitMsg:
			s.tell(msg)
		default:
			s.waits = append(s.waits, func() { s.tell(msg) })
		}
		return
	}
	s.tell(command())
}

// release lets the late answers come.
func (s *story) release() {
	s.hold = false
	waits := s.waits
	s.waits = nil
	for _, wait := range waits {
		wait()
	}
}

// types types a text, letter by letter; presses presses keys by name.
func (s *story) types(text string) {
	for _, r := range text {
		s.tell(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

func (s *story) presses(names ...string) {
	keys := map[string]tea.KeyPressMsg{
		"enter": {Code: tea.KeyEnter}, "tab": {Code: tea.KeyTab}, "shift+tab": {Code: tea.KeyTab, Mod: tea.ModShift},
		"esc": {Code: tea.KeyEscape}, "up": {Code: tea.KeyUp}, "pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown},
		"f1": {Code: tea.KeyF1}, "ctrl+c": {Code: 'c', Mod: tea.ModCtrl}, "ctrl+j": {Code: 'j', Mod: tea.ModCtrl},
		"alt+a": {Code: 'a', Mod: tea.ModAlt}, "alt+2": {Code: '2', Mod: tea.ModAlt}, "alt+9": {Code: '9', Mod: tea.ModAlt},
	}
	for _, name := range names {
		key, ok := keys[name]
		if !ok {
			s.t.Fatalf("no key %q", name)
		}
		s.tell(key)
	}
}

// arrives makes a message of a peer's arrive.
func (s *story) arrives(from, text string) api.Message {
	m := s.daemon.receive(from, text)
	s.tell(eventMsg{m})
	return m
}

// screen is what the user sees.
func (s *story) screen() string { return ansi.Strip(s.View().Content) }

func (s *story) sees(texts ...string) {
	s.t.Helper()
	screen := s.screen()
	for _, text := range texts {
		if !strings.Contains(screen, text) {
			s.t.Fatalf("the screen does not show %q:\n%s", text, screen)
		}
	}
}

func (s *story) seesNot(texts ...string) {
	s.t.Helper()
	screen := s.screen()
	for _, text := range texts {
		if strings.Contains(screen, text) {
			s.t.Fatalf("the screen shows %q:\n%s", text, screen)
		}
	}
}

// memory is a daemon of bob (direct), nas (relayed), carol (offline), 小明 and
// the group @crew.
type memory struct {
	peers    []api.Peer
	groups   []api.Group
	messages []api.Message
	marks    []string
	edits    []api.EditRequest
	fails    error
	requests []api.SendRequest
}

func newMemory() *memory {
	return &memory{
		peers: []api.Peer{
			{Name: "bob", Key: "kb", Online: true, Path: api.PathDirect, RTT: api.Milliseconds(18204 * time.Microsecond)},
			{Name: "carol", Key: "kc", Path: api.PathNone, LastSeen: api.At(epoch.Add(-3 * time.Hour))},
			{Name: "nas", Key: "kn", Online: true, Path: api.PathRelay, RTT: api.Milliseconds(61 * time.Millisecond)},
			{Name: "小明", Key: "kx", Online: true, Path: api.PathNone},
			{Name: "pest", Key: "kp", Blocked: true},
		},
		groups: []api.Group{{Name: "@crew", ID: "g1", Members: api.List[api.GroupMember]{{Name: "alice"}, {Name: "bob"}, {Name: "nas"}}}},
	}
}

func (d *memory) receive(from, text string) api.Message {
	name, group, _ := strings.Cut(from, "@")
	i := slices.IndexFunc(d.peers, func(p api.Peer) bool { return p.Name == name })
	m := api.Message{
		ID: fmt.Sprintf("r%d", len(d.messages)), From: name, FromKey: d.peers[i].Key, To: "alice", Text: text,
		SentAt: api.At(epoch), ReceivedAt: api.At(epoch), ClassicMark: d.peers[i].ClassicMark,
	}
	if group != "" {
		m.Group = "@" + group
	}
	d.messages = append(d.messages, m)
	return m
}

// marked reports whether a message, or a later one of the same author, has been
// marked read.
func (d *memory) marked(m api.Message) bool {
	at := slices.IndexFunc(d.messages, func(other api.Message) bool { return other.ID == m.ID })
	for _, later := range d.messages[at:] {
		if later.FromKey == m.FromKey && later.Group == m.Group && slices.Contains(d.marks, later.ID) {
			return true
		}
	}
	return false
}

func (d *memory) unread(is func(api.Message) bool) (count int) {
	for _, m := range d.messages {
		if !m.Outgoing && is(m) && !d.marked(m) {
			count++
		}
	}
	return count
}

func (d *memory) Peers(context.Context) ([]api.Peer, error) {
	peers := slices.Clone(d.peers)
	for i, p := range peers {
		peers[i].Unread = d.unread(func(m api.Message) bool { return m.FromKey == p.Key && m.Group == "" })
	}
	return peers, d.fails
}

func (d *memory) Groups(context.Context) ([]api.Group, error) {
	groups := slices.Clone(d.groups)
	for i, g := range groups {
		groups[i].Unread = d.unread(func(m api.Message) bool { return m.Group == g.Name })
	}
	return groups, d.fails
}

func (d *memory) is(with string) func(api.Message) bool {
	return func(m api.Message) bool {
		if strings.HasPrefix(with, "@") {
			return m.Group == with
		}
		i := slices.IndexFunc(d.peers, func(p api.Peer) bool { return p.Key == with })
		return m.Group == "" && (m.FromKey == with || m.Outgoing && m.To == d.peers[i].Name)
	}
}

func (d *memory) History(_ context.Context, request api.HistoryRequest) (page []api.Message, _ error) {
	for _, m := range d.messages {
		if m.ID == request.Before {
			break
		}
		if d.is(request.With)(m) {
			page = append(page, m)
		}
	}
	return page[max(0, len(page)-request.Limit):], d.fails
}

func (d *memory) Search(_ context.Context, request api.SearchRequest) (found []api.Message, _ error) {
	for _, m := range slices.Backward(d.messages) {
		if strings.Contains(m.Text, request.Texts[0]) && (request.Peer == "" || d.is(request.Peer)(m)) {
			found = append(found, m)
		}
	}
	return found[:min(len(found), request.Limit)], d.fails
}

func (d *memory) Send(_ context.Context, request api.SendRequest) (api.Sent, error) {
	d.requests = append(d.requests, request)
	return api.Sent{ID: request.ID, State: api.StateQueued}, d.fails
}

// accepted is the event of the message sent last.
func (d *memory) accepted() api.Accepted {
	request := d.requests[len(d.requests)-1]
	m := api.Message{ID: request.ID, From: "alice", FromKey: "ka", Text: request.Text, SentAt: api.At(epoch), Outgoing: true, State: api.StateQueued}
	if strings.HasPrefix(request.To, "@") {
		m.Group = request.To
	} else {
		m.To = d.peers[slices.IndexFunc(d.peers, func(p api.Peer) bool { return p.Key == request.To })].Name
	}
	d.messages = append(d.messages, m)
	return api.Accepted{Message: m}
}

func (d *memory) Edit(_ context.Context, request api.EditRequest) (api.Message, error) {
	d.edits = append(d.edits, request)
	return api.Message{}, d.fails
}

func (d *memory) MarkRead(_ context.Context, mark api.ReadMark) error {
	d.marks = append(d.marks, mark.UpTo)
	return d.fails
}

func (d *memory) Events(context.Context, ...api.EventType) (*api.Events, error) {
	return nil, context.Canceled
}
