package chat

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"peerd/peer/api"
)

func TestTheRosterShowsWhoIsThereAndHowFarAway(t *testing.T) {
	s := begin(t)
	s.sees("> 1 bob", "direct 18ms", "  2 carol", "offline 3h", "  3 nas", "relay 61ms", "  4 小明", "online", "  5 @crew", "3 members",
		"nothing has been said here yet", "F1 help")
	s.seesNot("pest")
}

func TestUsersOfTheClassicProtocolAreMarked(t *testing.T) {
	s := begin(t)
	s.daemon.peers = append(s.daemon.peers, api.Peer{
		Name: "classic/dave", Key: "classic/dave", Online: true, Path: api.PathDirect, ClassicMark: api.MarkClassic(),
	})
	s.tell(upMsg{})
	s.sees("  6 classic/dave", "plaintext")
	s.arrives("classic/dave", "hello")
	s.presses("alt+a")
	s.sees("classic/dave  hello [unverified, unencrypted]")
}

func TestWhoIsNamedComesFirst(t *testing.T) {
	s := begin(t, "nas", "kc")
	s.sees("> 1 nas", "  2 carol", "  3 bob")
}

func TestASentMessageGoesThroughItsStates(t *testing.T) {
	s := begin(t)
	s.types("see you at eight")
	s.presses("enter")
	if s.input.Value() != "" || len(s.daemon.requests) != 1 || s.daemon.requests[0].To != "kb" || len(s.daemon.requests[0].ID) != 26 {
		t.Fatalf("input %q, requests %+v", s.input.Value(), s.daemon.requests)
	}
	accepted := s.daemon.accepted()
	s.tell(eventMsg{accepted})
	s.sees("08:00 me  see you at eight [queued]")
	for _, state := range []api.State{api.StateSent, api.StateDelivered, api.StateRead, api.StateDelivered} {
		s.tell(eventMsg{api.Receipt{ID: accepted.ID, To: "bob", ToKey: "kb", State: state}})
		if state != api.StateDelivered {
			s.sees("see you at eight [" + string(state) + "]")
		}
	}
	s.sees("see you at eight [read]")
}

func TestAReceiptThatComesBeforeItsMessageIsNotLost(t *testing.T) {
	s := begin(t)
	s.types("hello")
	s.presses("enter")
	accepted := s.daemon.accepted()
	s.daemon.messages[0].State = api.StateDelivered
	s.tell(eventMsg{api.Receipt{ID: accepted.ID, To: "bob", ToKey: "kb", State: api.StateDelivered}})
	s.tell(eventMsg{accepted})
	s.sees("hello [delivered]")
	if strings.Count(s.screen(), "hello") != 1 {
		t.Errorf("shown twice:\n%s", s.screen())
	}
}

func TestWhatIsOnTheScreenIsRead(t *testing.T) {
	s := begin(t)
	m := s.arrives("bob", "hello")
	s.sees("08:00 bob  hello")
	if !slices.Contains(s.daemon.marks, m.ID) || s.bells != 0 || s.unread() != 0 {
		t.Errorf("marked %v, bells %d, unread %d", s.daemon.marks, s.bells, s.unread())
	}
}

func TestWhatIsElsewhereRingsAndWaits(t *testing.T) {
	s := begin(t)
	s.arrives("nas", "one")
	m := s.arrives("nas", "two")
	s.sees("*2 relay 61ms", "2 unread")
	if s.seesNot("08:00 nas"); len(s.daemon.marks) != 0 || s.bells != 1 {
		t.Fatalf("marked %v, bells %d: want no mark, one bell for a burst", s.daemon.marks, s.bells)
	}
	s.tell(bellReadyMsg{})
	s.arrives("bob@crew", "ahoy")
	if s.sees("*1 3 members"); s.bells != 2 {
		t.Errorf("bells %d", s.bells)
	}
	s.presses("alt+a")
	s.sees("> 3 nas", "--- new ---", "08:00 nas  one", "08:00 nas  two", "1 unread")
	if !slices.Equal(s.daemon.marks, []string{m.ID}) {
		t.Errorf("marked %v", s.daemon.marks)
	}
	s.presses("alt+a")
	s.sees("> 5 @crew", "08:00 bob  ahoy")
	if s.unread() != 0 {
		t.Errorf("unread %d", s.unread())
	}
}

func TestNothingIsReadWhileTheTerminalHasNoFocus(t *testing.T) {
	s := begin(t)
	s.tell(tea.BlurMsg{})
	s.arrives("bob", "hello")
	if s.sees("--- new ---", "hello", "1 unread"); len(s.daemon.marks) != 0 || s.bells != 1 {
		t.Fatalf("marked %v, bells %d", s.daemon.marks, s.bells)
	}
	if title := s.View().WindowTitle; !strings.Contains(title, "(1)") {
		t.Errorf("window title %q", title)
	}
	s.tell(tea.FocusMsg{})
	if len(s.daemon.marks) != 1 {
		t.Errorf("marked %v", s.daemon.marks)
	}
}

func TestTheBellCanBeSilent(t *testing.T) {
	s := begin(t)
	s.types("/bell")
	s.presses("enter")
	s.sees("the bell is silent")
	if s.arrives("nas", "hello"); s.bells != 0 || len(s.daemon.requests) != 0 {
		t.Errorf("bells %d, sent %v", s.bells, s.daemon.requests)
	}
}

func TestConversationsKeepTheirDrafts(t *testing.T) {
	s := begin(t)
	s.types("for bob")
	s.presses("tab")
	s.sees("> 2 carol")
	s.types("for carol")
	s.presses("shift+tab")
	if s.input.Value() != "for bob" {
		t.Errorf("draft %q", s.input.Value())
	}
	s.presses("alt+2")
	if s.input.Value() != "for carol" {
		t.Errorf("draft %q", s.input.Value())
	}
	s.presses("alt+9")
	s.sees("there is no conversation 9")
	s.tell(tea.MouseClickMsg{X: 3, Y: 2, Button: tea.MouseLeft})
	s.sees("> 3 nas")
}

func TestAnEditedMessageShowsIt(t *testing.T) {
	s := begin(t)
	s.types("see yuo")
	s.presses("enter")
	accepted := s.daemon.accepted()
	s.tell(eventMsg{accepted})
	s.presses("up")
	s.sees("editing your message")
	s.presses("esc")
	if s.input.Value() != "" || s.editing != "" {
		t.Errorf("input %q after leaving", s.input.Value())
	}
	s.presses("up")
	s.types("!")
	s.presses("enter")
	if want := (api.EditRequest{ID: accepted.ID, Text: "see yuo!"}); !slices.Equal(s.daemon.edits, []api.EditRequest{want}) || len(s.daemon.requests) != 1 {
		t.Fatalf("edited %v, sent %v", s.daemon.edits, s.daemon.requests)
	}
	edited := accepted.Message
	edited.Text, edited.EditedAt = "see you", api.At(epoch)
	s.tell(eventMsg{api.Edit{Message: edited}})
	s.sees("see you [edited queued]")

	s.types("/unsend")
	s.presses("enter")
	if want := (api.EditRequest{ID: accepted.ID, Unsend: true}); s.daemon.edits[1] != want {
		t.Fatalf("edited %v", s.daemon.edits)
	}
	edited.Text, edited.Unsent = "", true
	s.tell(eventMsg{api.Edit{Message: edited}})
	s.sees("(taken back)")
	s.presses("up")
	s.sees("there is no message of yours here")
}

func TestHistoryIsPagedAndStaysInPlace(t *testing.T) {
	s := begin(t)
	for i := range 250 {
		s.daemon.receive("bob", fmt.Sprintf("message %03d.", i))
	}
	s.tell(upMsg{})
	s.sees("message 249.")
	s.seesNot("message 149.")
	for range 40 {
		s.presses("pgup")
	}
	s.sees("message 000.")
	s.seesNot("PgUp: older")
	s.arrives("bob", "news")
	s.sees("message 000.", "message 019.")
	if s.sees("older messages; Esc", "1 unread"); slices.Contains(s.daemon.marks, "r250") {
		t.Error("marked read, but was not on the screen")
	}
	s.presses("esc")
	s.sees("news")
	if !slices.Contains(s.daemon.marks, "r250") {
		t.Error("not marked read")
	}
}

func TestALongPasteIsRefusedWholeAndAShortOneKeepsItsLines(t *testing.T) {
	s := begin(t)
	s.tell(tea.PasteMsg{Content: strings.Repeat("x", api.MaxText+1)})
	s.sees("64 KiB")
	if s.input.Value() != "" {
		t.Errorf("%d bytes in the input", len(s.input.Value()))
	}
	s.tell(tea.PasteMsg{Content: strings.Repeat("x\n", 10000)})
	s.sees("64 KiB")
	s.tell(tea.PasteMsg{Content: "one\ntwo\n"})
	s.types("three")
	s.presses("ctrl+j")
	s.types("四")
	s.presses("enter")
	if got := s.daemon.requests[0].Text; got != "one\ntwo\nthree\n四" {
		t.Errorf("sent %q", got)
	}
	s.tell(tea.PasteMsg{Content: strings.Repeat("x", api.MaxText)})
	s.types("y")
	if got := len(s.input.Value()); got != api.MaxText {
		t.Errorf("%d bytes in the input", got)
	}
	s.presses("enter")
	if len(s.daemon.requests) != 2 || len(s.daemon.requests[1].Text) != api.MaxText {
		t.Error("the longest message was not sent")
	}
}

func TestADaemonThatRestartsIsWaitedFor(t *testing.T) {
	s := begin(t)
	s.tell(downMsg{errors.New("gone")})
	s.sees("the daemon is gone")
	s.types("hello")
	s.presses("enter")
	s.sees("your text stays here")
	if s.input.Value() != "hello" || len(s.daemon.requests) != 0 {
		t.Fatalf("input %q, sent %v", s.input.Value(), s.daemon.requests)
	}
	s.daemon.fails = errors.New("no daemon answers")
	s.tell(tickMsg(epoch))
	s.sees("your text stays here")
	s.daemon.fails = nil
	s.daemon.receive("bob", "while you were gone")
	s.tell(upMsg{})
	s.sees("while you were gone", "the daemon is back")
	s.presses("enter")
	if len(s.daemon.requests) != 1 {
		t.Errorf("sent %v", s.daemon.requests)
	}
}

func TestATextWhoseAnswerWasLostIsNotSentTwice(t *testing.T) {
	s := begin(t)
	s.daemon.fails = errors.New("the daemon went away in the middle of an answer")
	s.types("hello")
	s.presses("enter")
	s.sees("went away in the middle")
	if s.input.Value() != "hello" {
		t.Fatalf("input %q: the text is lost", s.input.Value())
	}
	s.daemon.fails = nil
	s.presses("enter")
	if r := s.daemon.requests; len(r) != 2 || r[0].ID != r[1].ID {
		t.Errorf("requests %+v, want the same id", r)
	}
}

func TestQuittingWaitsForWhatIsBeingSent(t *testing.T) {
	s := begin(t)
	s.hold = true
	s.types("bye")
	s.presses("enter", "ctrl+c")
	if s.quit {
		t.Fatal("quit before the daemon has the text")
	}
	s.release()
	if !s.quit {
		t.Error("did not quit")
	}
}

func TestQuittingWaitsForAllThatIsBeingSent(t *testing.T) {
	s := begin(t)
	s.hold = true
	s.types("good")
	s.presses("enter")
	s.types("bye")
	s.presses("enter", "ctrl+c")
	s.hold = false
	s.tell(sentMsg{id: "kb"})
	if s.quit {
		t.Fatal("quit before the daemon has the second text")
	}
	s.tell(sentMsg{id: "kb"})
	if !s.quit {
		t.Error("did not quit")
	}
}

func TestQuittingWaitsForAnEdit(t *testing.T) {
	s := begin(t)
	s.types("see yuo")
	s.presses("enter")
	s.tell(eventMsg{s.daemon.accepted()})
	s.types("/unsend")
	s.hold = true
	s.presses("enter", "ctrl+c")
	if s.quit {
		t.Fatal("quit before the daemon has taken the text back")
	}
	s.release()
	if !s.quit {
		t.Error("did not quit")
	}
}

func TestAnEditThatFailsIsNotLost(t *testing.T) {
	s := begin(t)
	s.types("see yuo")
	s.presses("enter")
	accepted := s.daemon.accepted()
	s.tell(eventMsg{accepted})
	s.daemon.fails = errors.New("the disk is full")
	s.presses("up")
	s.types("!")
	s.presses("enter")
	s.sees("the disk is full", "> see yuo!")
	s.daemon.fails = nil
	s.presses("enter")
	want := api.EditRequest{ID: accepted.ID, Text: "see yuo!"}
	if !slices.Equal(s.daemon.edits, []api.EditRequest{want, want}) || len(s.daemon.requests) != 1 || s.input.Value() != "" {
		t.Errorf("edited %v, sent %v, input %q", s.daemon.edits, s.daemon.requests, s.input.Value())
	}
}

func TestAConversationThatCouldNotBeLoadedIsLoadedLater(t *testing.T) {
	s := begin(t)
	s.daemon.fails = errors.New("the disk is busy")
	s.tell(upMsg{})
	s.sees("the disk is busy")
	s.daemon.fails = nil
	s.arrives("bob", "hello")
	s.sees("08:00 bob  hello")
	if s.unread() != 0 {
		t.Errorf("unread %d", s.unread())
	}
}

func TestASearchInAGroupFindsWhatIsOldThere(t *testing.T) {
	s := begin(t)
	s.arrives("bob@crew", "the harbour at eight")
	for range 2 * page {
		s.daemon.receive("nas", "harbour")
	}
	s.presses("alt+a")
	s.types("/search harbour")
	s.presses("enter")
	s.sees(`1 found with "harbour"`, "the harbour at eight")
}

func TestASearchShowsWhatItFinds(t *testing.T) {
	s := begin(t)
	s.arrives("bob", "我们用即时聊天吧")
	s.arrives("bob", "something else")
	s.arrives("nas", "聊天 elsewhere")
	s.types("/search 聊天")
	s.presses("enter")
	s.sees(`1 found with "聊天"`, "我们用即时聊天吧")
	s.seesNot("something else", "elsewhere")
	s.presses("esc")
	s.sees("something else")
	s.types("/search 熊猫")
	s.presses("enter")
	s.sees(`nothing found with "熊猫"`)
}

func TestTextsMayBeginWithASlash(t *testing.T) {
	s := begin(t)
	s.types("/etc/hosts is empty")
	s.presses("enter")
	if s.sees("there is no command /etc/hosts"); len(s.daemon.requests) != 0 {
		t.Fatalf("sent %v", s.daemon.requests)
	}
	s.input.Reset()
	s.types("//etc/hosts is empty")
	s.presses("enter")
	if s.daemon.requests[0].Text != "/etc/hosts is empty" {
		t.Errorf("sent %q", s.daemon.requests[0].Text)
	}
	s.tell(eventMsg{s.daemon.accepted()})
	s.presses("up")
	s.types("!")
	s.presses("enter")
	if len(s.daemon.edits) != 1 || s.daemon.edits[0].Text != "/etc/hosts is empty!" {
		t.Errorf("edited %+v", s.daemon.edits)
	}
	s.daemon.fails = errors.New("the daemon went away in the middle of an answer")
	s.types("//quit")
	s.presses("enter")
	s.daemon.fails = nil
	s.presses("enter")
	if r := s.daemon.requests; s.quit || len(r) != 3 || r[2].Text != "/quit" {
		t.Errorf("quit: %v, sent %+v", s.quit, r)
	}
}

func TestT19WhatPeersWroteCannotActOnTheTerminal(t *testing.T) {
	s := begin(t)
	s.daemon.peers[0].Name = "b\x1b[2Job"
	s.tell(upMsg{})
	s.arrives("b\x1b[2Job", "clear\x1b[2J\u202e\n08:00 nas  forged")
	s.sees(`clear\x1b[2J\u202e`)
	for line := range strings.Lines(s.screen()) {
		if _, pane, _ := strings.Cut(line, "|"); strings.HasPrefix(pane, "08:00 nas") {
			t.Errorf("a forged message:\n%s", s.screen())
		}
	}
	if strings.Contains(s.View().Content, "\x1b[2J") {
		t.Error("the escape sequence got through")
	}
}

func TestEveryTerminalSizeIsFilledExactly(t *testing.T) {
	s := begin(t)
	for i := range 30 {
		s.arrives("bob", fmt.Sprintf("消息 %d 你好，世界。这是一段比较长的文字，需要折行显示才能看全。and some English too", i))
	}
	s.arrives("小明", "elsewhere")
	for _, open := range []string{"messages", "help"} {
		for width := 1; width < 130; width += 3 {
			for height := 1; height < 40; height += 2 {
				s.tell(tea.WindowSizeMsg{Width: width, Height: height})
				rows := strings.Split(s.View().Content, "\n")
				if len(rows) > height {
					t.Fatalf("%dx%d with %s: %d rows:\n%s", width, height, open, len(rows), s.screen())
				}
				for _, row := range rows {
					if w := ansi.StringWidth(row); w > width {
						t.Fatalf("%dx%d with %s: a row of %d columns: %q", width, height, open, w, row)
					}
				}
			}
		}
		s.presses("f1")
	}
	s.tell(tea.WindowSizeMsg{Width: 40, Height: 12})
	s.presses("esc")
	s.sees("1/5 bob", "1 unread", "> ")
	s.tell(tea.WindowSizeMsg{Width: 19, Height: 12})
	s.sees("too small")
}

func TestDaysAreSeparated(t *testing.T) {
	s := begin(t)
	s.arrives("bob", "today")
	s.daemon.messages[0].ReceivedAt = api.At(epoch.Add(-24 * time.Hour))
	s.daemon.receive("bob", "tomorrow")
	s.tell(upMsg{})
	s.sees("--- 2026-11-20 ---", "--- 2026-11-21 ---")
}

func TestAGroupMessageShowsWhatAllMembersHave(t *testing.T) {
	s := begin(t)
	s.types("/go @crew")
	s.presses("enter")
	s.types("all hands")
	s.presses("enter")
	accepted := s.daemon.accepted()
	s.tell(eventMsg{accepted})
	s.sees("all hands [queued]")
	s.daemon.messages[0].State = api.StateSent
	s.tell(eventMsg{api.Receipt{ID: accepted.ID, To: "bob", ToKey: "kb", Group: "@crew", State: api.StateRead}})
	s.sees("all hands [sent]")
	m1, m2 := s.arrives("bob@crew", "aye"), s.arrives("nas@crew", "aye aye")
	if !slices.Contains(s.daemon.marks, m1.ID) || !slices.Contains(s.daemon.marks, m2.ID) {
		t.Errorf("marked %v, want the last of each member", s.daemon.marks)
	}
}

func TestAfterARestartTheListComesBackAsItWas(t *testing.T) {
	s := begin(t)
	s.arrives("bob", "old")
	s.presses("alt+2")
	s.arrives("bob", "elsewhere")
	s.tell(downMsg{errors.New("gone")})
	peers := s.daemon.peers
	s.daemon.peers = nil // the daemon does not know the circle yet
	s.tell(upMsg{})
	s.sees("  1 bob", "offline", "> 2 carol", "  5 @crew")
	s.daemon.peers = peers
	s.daemon.receive("bob", "while away")
	s.tell(tickMsg(epoch))
	s.sees("  1 bob      *2 direct 18ms", "2 unread")
	s.presses("shift+tab")
	s.sees("--- new ---", "elsewhere")
	if at := strings.Index(s.screen(), "--- new ---"); at < strings.Index(s.screen(), "old") || at > strings.Index(s.screen(), "elsewhere") {
		t.Errorf("the marker is in the wrong place:\n%s", s.screen())
	}
}

func TestABlockedPeerLeavesTheList(t *testing.T) {
	s := begin(t)
	s.daemon.peers[0].Blocked = true
	s.tell(tickMsg(epoch))
	s.sees("> 1 carol")
	s.seesNot("bob")
}
