package socket

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"peerd/wire"
)

var (
	server   = netip.MustParseAddrPort("192.0.2.1:7700")
	stranger = netip.MustParseAddrPort("198.51.100.66:7700")
)

// wiretap records what logins send, and when.
type wiretap struct {
	logins
	start time.Time

	mu    sync.Mutex
	sent  []sentLogin
	heard []wire.Accept
}

type sentLogin struct {
	at time.Duration
	id wire.TransactionID
}

func newWiretap() *wiretap {
	w := &wiretap{start: time.Now()}
	w.logins = newLogins(w.write, w.observed)
	return w
}

func (w *wiretap) write(b []byte, _ int, _ uint8, _ netip.AddrPort) {
	login, err := wire.ParseLogin(b)
	if err != nil {
		panic(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, sentLogin{at: time.Since(w.start), id: login.TransactionID})
}

func (w *wiretap) observed(_ netip.AddrPort, accept wire.Accept) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = append(w.heard, accept)
}

// settled returns what has been sent once every goroutine waits.
func (w *wiretap) settled() []sentLogin {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.sent)
}

func TestLoginIsRepeatedUntilItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWiretap()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := w.login(ctx, server)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v, want the context's", err)
		}
		want := []time.Duration{0, 100 * time.Millisecond, 300 * time.Millisecond, 700 * time.Millisecond, 1700 * time.Millisecond, 2700 * time.Millisecond}
		sent := w.settled()
		if len(sent) != len(want) {
			t.Fatalf("sent %v, want at %v", sent, want)
		}
		for i, login := range sent {
			if login.at != want[i] || login.id != sent[0].id {
				t.Errorf("attempt %d at %v with id %x, want %v with %x", i, login.at, login.id, want[i], sent[0].id)
			}
		}
		if len(w.pending) != 0 {
			t.Error("the failed login is remembered")
		}
	})
}

func TestOnlyTheAskedAnswerIsAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWiretap()
		answered := make(chan wire.Accept)
		go func() {
			accept, err := w.login(t.Context(), server)
			if err != nil {
				t.Error(err)
			}
			answered <- accept
		}()
		good := wire.Accept{TransactionID: w.settled()[0].id, Observed: stranger, ControlPort: 7700}
		guessed := good
		guessed.TransactionID[0] ^= 1

		if w.accepted(stranger, good) {
			t.Error("the right id is accepted from another endpoint")
		}
		if w.accepted(netip.AddrPortFrom(server.Addr(), server.Port()+1), good) {
			t.Error("the right id is accepted from another port")
		}
		if w.accepted(server, guessed) {
			t.Error("a guessed id is accepted")
		}
		if !w.accepted(server, good) {
			t.Error("the answer is not accepted")
		}
		if w.accepted(server, good) {
			t.Error("the answer is accepted twice")
		}
		if got := <-answered; got != good {
			t.Errorf("got %+v, want %+v", got, good)
		}
		if len(w.heard) != 1 {
			t.Errorf("Observed was called %d times, want 1", len(w.heard))
		}
	})
}

func TestLoginOverTheSocket(t *testing.T) {
	relay := newUDPRelay(t)
	p := newSide(t, noControl(t), nil)
	ctx, cancel := context.WithTimeout(t.Context(), hangGuard)
	defer cancel()
	accept, err := p.Login(ctx, relay.addr)
	if err != nil {
		t.Fatal(err)
	}
	if accept.Observed != p.Addr() || accept.ControlPort != accepted.ControlPort || accept.Cookie != accepted.Cookie {
		t.Errorf("got %+v, observed should be %v", accept, p.Addr())
	}
	if heard := <-p.accepts; heard != accept {
		t.Errorf("Observed heard %+v, Login returned %+v", heard, accept)
	}
}

func TestCloseEndsALogin(t *testing.T) {
	relay := newUDPRelay(t)
	relay.setSilent(true)
	p := newSide(t, noControl(t), nil)
	ended := make(chan error)
	go func() {
		_, err := p.Login(context.Background(), relay.addr)
		ended <- err
	}()
	p.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want %v", err, net.ErrClosed)
	}
}
