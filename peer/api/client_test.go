package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"peerd/internal/exitcode"
	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

func wantCode(t *testing.T, err error, want api.Code) {
	t.Helper()
	if e, ok := errors.AsType[*api.Error](err); !ok || e.Code != want {
		t.Errorf("got error %v, want code %s", err, want)
	}
}

// counting counts the subscriptions that have ended.
type counting struct {
	*apitest.Daemon
	left atomic.Int32
}

func (c *counting) Subscribe(ctx context.Context, types ...api.EventType) <-chan api.Event {
	context.AfterFunc(ctx, func() { c.left.Add(1) })
	return c.Daemon.Subscribe(ctx, types...)
}

// failing is a daemon whose status is an error.
type failing struct {
	*apitest.Daemon
	err error
}

func (f failing) Status(context.Context) (api.Status, error) { return api.Status{}, f.err }

func TestRowsArriveAsTheyWereSent(t *testing.T) {
	daemon := apitest.Circle()
	socket, _ := serve(t, daemon)
	c, ctx := client(t, socket), guarded(t)
	daemon.Receive("bob", "hello\x1b[2J, 世界")

	status, err := c.Status(ctx)
	same(t, "status", status, apitest.Alice(), err)
	want, _ := daemon.Peers(ctx)
	peers, err := c.Peers(ctx)
	same(t, "peers", peers, want, err)
	messages, err := c.Read(ctx, api.ReadRequest{From: "bob", Unread: true})
	wantMessages, _ := daemon.Read(ctx, api.ReadRequest{})
	same(t, "messages", messages, wantMessages, err)
	ping, err := c.Ping(ctx, "bob")
	wantPing, _ := daemon.Ping(ctx, "bob")
	same(t, "ping", ping, wantPing, err)
	netcheck, err := c.Netcheck(ctx)
	wantNetcheck, _ := daemon.Netcheck(ctx)
	same(t, "netcheck", netcheck, wantNetcheck, err)
	why, err := c.Why(ctx, "nas")
	wantWhy, _ := daemon.Why(ctx, "nas")
	same(t, "why", why, wantWhy, err)
	contacts, err := c.Contacts(ctx)
	wantContacts, _ := daemon.Contacts(ctx)
	same(t, "contacts", contacts, wantContacts, err)
	peer, err := c.Connect(ctx, "bob")
	wantPeer, _ := daemon.Connect(ctx, "bob")
	same(t, "connect", peer, wantPeer, err)
}

func same[T any](t *testing.T, what string, got, want T, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	gotRow, _ := json.Marshal(got)
	wantRow, _ := json.Marshal(want)
	if !bytes.Equal(gotRow, wantRow) {
		t.Errorf("%s:\ngot  %s\nwant %s", what, gotRow, wantRow)
	}
}

func TestErrorsKeepTheirCodeAndHint(t *testing.T) {
	for code, exit := range map[api.Code]int{
		api.CodeOther:       exitcode.Other,
		api.CodeUsage:       exitcode.Usage,
		api.CodeUnreachable: exitcode.DaemonUnreachable,
		api.CodeDenied:      exitcode.Denied,
		api.CodeKeyChanged:  exitcode.Denied,
		api.CodeNoSuchPeer:  exitcode.NoSuchPeer,
		api.CodeNotReached:  exitcode.NotReached,
		api.CodeOnlyRelayed: exitcode.OnlyRelayed,
		api.CodeDeclined:    exitcode.Declined,

		api.CodeNoSuchContact:  exitcode.NoSuchPeer,
		api.CodeKeyMismatch:    exitcode.Denied,
		api.CodeKeyKnown:       exitcode.Denied,
		api.CodeNameTaken:      exitcode.Denied,
		api.CodeMessagesQueued: exitcode.Denied,
	} {
		t.Run(string(code), func(t *testing.T) {
			want := &api.Error{Code: code, Message: "it broke", Hint: "mend it", Subject: "bob"}
			socket, _ := serve(t, failing{apitest.Circle(), want})
			_, err := client(t, socket).Status(guarded(t))
			got, ok := errors.AsType[*api.Error](err)
			if !ok || *got != *want {
				t.Errorf("got %#v, want %#v", err, want)
			}
			if got := exitcode.Of(err); got != exit {
				t.Errorf("exit code %d, want %d", got, exit)
			}
		})
	}
}

func TestAnUntypedErrorIsOther(t *testing.T) {
	socket, _ := serve(t, failing{apitest.Circle(), errors.New("disk on fire")})
	_, err := client(t, socket).Status(guarded(t))
	wantCode(t, err, api.CodeOther)
	if err.Error() != "disk on fire" {
		t.Errorf("got %q", err)
	}
}

func TestWithoutADaemonTheErrorSaysHowToStartOne(t *testing.T) {
	_, err := client(t, socketPath(t)).Status(guarded(t))
	wantCode(t, err, api.CodeUnreachable)
	if e, ok := errors.AsType[*api.Error](err); !ok || e.Hint != "start it with: peerd run" {
		t.Errorf("hint is %q", e.Hint)
	}
}

func TestAPathThatCannotBeASocketIsNotTakenForADaemonThatWentAway(t *testing.T) {
	_, err := client(t, strings.Repeat("x", 200)).Status(guarded(t))
	wantCode(t, err, api.CodeUnreachable)
	if err == nil || !strings.Contains(err.Error(), "cannot reach a daemon on xxx") {
		t.Errorf("got %v", err)
	}
}

func TestADaemonOfAnotherReleaseIsToldFromOneThatWentAway(t *testing.T) {
	socket := socketPath(t)
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	newer := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"v":2}`) })}
	var serving sync.WaitGroup
	serving.Go(func() { newer.Serve(l) })
	defer serving.Wait()
	defer newer.Close()
	_, err = client(t, socket).Status(guarded(t))
	wantCode(t, err, api.CodeOther)
	if e, ok := errors.AsType[*api.Error](err); !ok || e.Message != "row has version 2, this program knows version 1" || e.Hint == "" {
		t.Errorf("got %v", err)
	}
}

func TestAnEndedContextIsItsOwnError(t *testing.T) {
	socket, _ := serve(t, apitest.Circle())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client(t, socket).Status(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestARepeatedSendStoresOnce(t *testing.T) {
	daemon := apitest.Circle()
	socket, _ := serve(t, daemon)
	c, ctx := client(t, socket), guarded(t)
	request := api.SendRequest{To: "bob", Text: "once", ID: "aaaaaaaaaaaaaaaaaaaaaaaaaa"}
	for range 2 {
		if sent, err := c.Send(ctx, request); err != nil || sent.ID != request.ID {
			t.Fatalf("got %+v, %v", sent, err)
		}
	}
	if got := len(daemon.Texts()); got != 1 {
		t.Errorf("%d messages are stored", got)
	}
}

func TestTextIsCheckedBeforeItIsStored(t *testing.T) {
	daemon := apitest.Circle()
	socket, _ := serve(t, daemon)
	c, ctx := client(t, socket), guarded(t)
	for name, text := range map[string]string{
		"empty text":            "",
		"one byte too many":     strings.Repeat("a", api.MaxText+1),
		"more than any request": strings.Repeat("a", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.Send(ctx, api.SendRequest{To: "bob", Text: text})
			wantCode(t, err, api.CodeUsage)
		})
	}
	wantCode(t, api.CheckText("\xff"), api.CodeUsage)
	if got := len(daemon.Texts()); got != 0 {
		t.Errorf("%d messages are stored", got)
	}
	for name, text := range map[string]string{
		"the longest text":              strings.Repeat("a", api.MaxText),
		"the longest text once encoded": strings.Repeat("\x01", api.MaxText),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := c.Send(ctx, api.SendRequest{To: "bob", Text: text}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWaitMessage(t *testing.T) {
	daemon := apitest.Circle()
	socket, _ := serve(t, daemon)
	c, ctx := client(t, socket), guarded(t)
	sent, err := c.Send(ctx, api.SendRequest{To: "carol", Text: "hi"})
	if err != nil || sent.State != api.StateQueued {
		t.Fatalf("got %+v, %v", sent, err)
	}
	t.Run("after the time allowed it returns the state so far", func(t *testing.T) {
		got, err := c.WaitMessage(ctx, sent.ID, api.StateDelivered, time.Millisecond)
		if err != nil || got.State != api.StateQueued {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("it returns when the state is reached", func(t *testing.T) {
		done := make(chan api.Sent, 1)
		go func() {
			got, _ := c.WaitMessage(ctx, sent.ID, api.StateDelivered, time.Hour)
			done <- got
		}()
		daemon.Advance("carol", api.StateDelivered)
		if got := <-done; got.State != api.StateDelivered || got.Elapsed != apitest.DeliveredAfter {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("an unknown message is an error", func(t *testing.T) {
		_, err := c.WaitMessage(ctx, "a/../b?", api.StateSent, time.Hour)
		wantCode(t, err, api.CodeUsage)
	})
}

func TestEventsOfTheWantedTypesArriveInOrder(t *testing.T) {
	daemon := apitest.Circle()
	socket, _ := serve(t, daemon)
	events, err := client(t, socket).Events(guarded(t), api.TypeMessage, api.TypePath)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	endpoint := netip.MustParseAddrPort("198.51.100.9:9")
	daemon.Receive("bob", "one")
	daemon.SetOnline("bob", false)
	daemon.SetPath("nas", api.PathDirect, endpoint)
	daemon.Receive("bob", "two")

	var got []string
	for event, err := range events.All() {
		if err != nil {
			t.Fatal(err)
		}
		switch event := event.(type) {
		case api.Message:
			got = append(got, event.Text)
		case api.PathChange:
			got = append(got, event.Peer+" "+event.Endpoint.String())
		default:
			t.Errorf("unwanted %+v", event)
		}
		if len(got) == 3 {
			break
		}
	}
	if want := []string{"one", "nas 198.51.100.9:9", "two"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestASubscriberWhoFallsBehindIsToldSo(t *testing.T) {
	daemon := apitest.Circle()
	socket, _ := serve(t, daemon)
	events, err := client(t, socket).Events(guarded(t), api.TypeMessage)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	large := strings.Repeat("x", 4<<10)
	for range 2000 { // more than all the buffers in between hold
		daemon.Receive("bob", large)
	}
	var last error
	for _, err := range events.All() {
		last = err
	}
	wantCode(t, last, api.CodeOther)
}

func TestWaitOnline(t *testing.T) {
	daemon := apitest.Circle()
	socket, _ := serve(t, daemon)
	c, ctx := client(t, socket), guarded(t)

	if peer, err := c.WaitOnline(ctx, "bob"); err != nil || peer.Name != "bob" {
		t.Errorf("who is online already: got %+v, %v", peer, err)
	}
	_, err := c.WaitOnline(ctx, "nobody")
	wantCode(t, err, api.CodeNoSuchPeer)

	done := make(chan error, 1)
	go func() {
		_, err := c.WaitOnline(ctx, "carol")
		done <- err
	}()
	daemon.SetOnline("carol", true)
	if err := <-done; err != nil {
		t.Errorf("who comes online: %v", err)
	}
}

// looked tells of every connect.
type looked struct {
	*apitest.Daemon
	at chan string
}

func (l looked) Connect(ctx context.Context, peer string) (api.Peer, error) {
	l.at <- peer
	return l.Daemon.Connect(ctx, peer)
}

func TestWaitDirect(t *testing.T) {
	daemon := looked{apitest.Circle(), make(chan string, 10)}
	socket, _ := serve(t, daemon)
	c := client(t, socket)
	type result struct {
		peer api.Peer
		err  error
	}
	done := make(chan result, 1)
	wait := func(ctx context.Context) {
		peer, err := c.WaitDirect(ctx, "nas")
		done <- result{peer, err}
	}

	limited, end := context.WithCancelCause(guarded(t))
	go wait(limited)
	<-daemon.at
	daemon.SetPath("nas", api.PathRelay, netip.AddrPort{}) // another way through the relay
	<-daemon.at                                            // so it has seen the first answer
	end(context.DeadlineExceeded)
	if got := <-done; !errors.Is(got.err, context.DeadlineExceeded) || got.peer.Path != api.PathRelay {
		t.Errorf("a peer that stays relayed: got %+v, %v", got.peer, got.err)
	}

	go wait(guarded(t))
	daemon.SetPath("nas", api.PathDirect, netip.MustParseAddrPort("198.51.100.9:9"))
	if got := <-done; got.err != nil || got.peer.Path != api.PathDirect {
		t.Errorf("a peer that becomes direct: got %+v, %v", got.peer, got.err)
	}
}
