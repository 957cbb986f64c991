package socket

import (
	"context"
	"errors"
	"net"
	"net/netip"
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
	start time.Time
	times []time.Duration
	ids   []wire.TransactionID
	heard []wire.Accept
	logins
}

func newWiretap() *wiretap {
	w := &wiretap{start: time.Now()}
	w.logins = newLogins(func(b []byte, _ int, _ uint8, _ netip.AddrPort) {
		login, err := wire.ParseLogin(b)
		if err != nil {
			panic(err)
		}
		w.times = append(w.times, time.Since(w.start))
		w.ids = append(w.ids, login.TransactionID)
	}, func(_ netip.AddrPort, accept wire.Accept) { w.heard = append(w.heard, accept) })
	return w
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
		if len(w.times) != len(want) {
			t.Fatalf("sent at %v, want %v", w.times, want)
		}
		for i := range want {
			if w.times[i] != want[i] || w.ids[i] != w.ids[0] {
				t.Errorf("attempt %d at %v with id %x, want %v with %x", i, w.times[i], w.ids[i], want[i], w.ids[0])
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
		synctest.Wait()
		good := wire.Accept{TransactionID: w.ids[0], Observed: stranger, ControlPort: 7700}
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

func TestKeepalivesComeInTimeForTheMapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWiretap()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			w.keep(ctx, server)
		}()
		time.Sleep(KeepaliveInterval - 1)
		synctest.Wait()
		if len(w.times) != 0 {
			t.Errorf("keepalives at %v, before the interval is over", w.times)
		}
		time.Sleep(1)
		synctest.Wait()
		for i := range 3 { // answered ones are not repeated
			if len(w.ids) != i+1 {
				t.Fatalf("%d keepalives after %d intervals", len(w.ids), i+1)
			}
			w.accepted(server, wire.Accept{TransactionID: w.ids[i], Observed: stranger, ControlPort: 7700})
			time.Sleep(KeepaliveInterval)
			synctest.Wait()
		}
		time.Sleep(KeepaliveInterval - 1) // the fourth is not answered: repeated, but not for ever
		synctest.Wait()
		if repeats := len(w.ids) - 4; repeats < 4 || repeats > 8 {
			t.Errorf("an unanswered keepalive is repeated %d times", repeats)
		}
		if last := w.times[len(w.times)-1]; last > 4*KeepaliveInterval+keepalivePatience {
			t.Errorf("it is still repeated at %v", last)
		}
		cancel()
		<-ended
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
