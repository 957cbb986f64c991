package peer

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/punch/socket"
	"peerd/wire"
)

// takeNothing has a daemon accept connections, and let nobody say more on a stream than
// its first octet.
func (c *circle) takeNothing(d *Daemon) {
	c.t.Helper()
	config := socket.QUICConfig()
	config.InitialStreamReceiveWindow, config.MaxStreamReceiveWindow = 1, 1
	c.acceptInstead(d, config, func(*quic.Conn) {}) // and never a stream of it
}

// acceptInstead has take do with a daemon's connections what a peer gone bad does.
func (c *circle) acceptInstead(d *Daemon, config *quic.Config, take func(*quic.Conn)) {
	c.t.Helper()
	if err := d.listener.Close(); err != nil {
		c.t.Fatal(err)
	}
	tls := d.self.AcceptTLS([]string{wire.SessionProtocol, wire.BulkProtocol}, d.isSessionPeer)
	listener, err := d.socket.Transport().Listen(tls, config)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for ctx.Err() == nil {
			if connection, err := listener.Accept(ctx); err == nil {
				take(connection)
			}
		}
	})
	c.t.Cleanup(func() {
		cancel()
		accepting.Wait()
		if err := listener.Close(); err != nil {
			c.t.Error(err)
		}
	})
}

// TestT15WhoTakesNothingHoldsNobodyUp has a contact take nothing of what goes to it. What
// users do about it ends all the same, and so does the daemon.
func TestT15WhoTakesNothingHoldsNobodyUp(t *testing.T) {
	c := newCircle(t)
	alice, mallory := c.join("alice"), c.join("mallory")
	if mallory.Key().Compare(alice.Key()) < 0 { // the lower key dials
		alice, mallory = mallory, alice
	}
	c.takeNothing(mallory)
	c.knows(alice, mallory.ownName())
	c.knows(mallory, alice.ownName())
	s, err := alice.connectedSession(c.guard(), mallory.Key())
	if err != nil {
		t.Fatal(err)
	}
	messages, err := s.messages()
	if err != nil {
		t.Fatal(err)
	}
	s.begin(func() { _ = messages.writeFrames(make([]byte, 8<<10)) }) // more than quic-go keeps for itself
	c.await("a write waits", func() bool {
		if messages.mu.TryLock() {
			messages.mu.Unlock()
			return false
		}
		return true
	})

	soon, cancel := context.WithCancel(c.guard())
	time.AfterFunc(time.Millisecond, cancel)
	c.returns("ping", func() error {
		if _, err := alice.Ping(soon, mallory.ownName()); err == nil {
			return errors.New("it was answered")
		}
		return nil
	})

	text := store.Incoming{ID: wire.MessageID{1}, Seq: 1, Kind: wire.KindText, Body: "hello"}
	if _, err := alice.receive(mallory.Key(), []store.Incoming{text}, api.PathRelay); err != nil {
		t.Fatal(err)
	}
	c.returns("mark as read", func() error {
		return alice.MarkRead(c.guard(), api.ReadMark{UpTo: text.ID.String(), Receipt: true})
	})

	more := make([]store.Incoming, 100)
	for i := range more {
		more[i] = store.Incoming{ID: wire.MessageID{2, byte(i)}, Seq: uint64(i) + 2, Kind: wire.KindText, Body: "and"}
	}
	if _, err := alice.receive(mallory.Key(), more, api.PathRelay); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for _, m := range more {
		if err := alice.MarkRead(c.guard(), api.ReadMark{UpTo: m.ID.String(), Receipt: true}); err != nil {
			t.Fatal(err)
		}
	}
	if after := runtime.NumGoroutine(); after > before+len(more)/2 {
		t.Errorf("after %d messages were marked as read there are %d goroutines, %d before", len(more), after, before)
	}

	fetching, cancelled := context.WithCancel(c.guard())
	bulk, err := s.dialBulk(fetching)
	if err != nil {
		t.Fatal(err)
	}
	cancelled()
	c.returns("cancel a file", func() error {
		<-bulk.Context().Done()
		return nil
	})
	c.returns("close", alice.Close)
}

// TestWhoEndsEveryConnectionIsNotDialledWithoutEnd looks at the time from one connection
// to the next.
func TestWhoEndsEveryConnectionIsNotDialledWithoutEnd(t *testing.T) {
	c := newCircle(t)
	alice, mallory := c.join("alice"), c.join("mallory")
	if mallory.Key().Compare(alice.Key()) < 0 { // the lower key dials
		alice, mallory = mallory, alice
	}
	accepted, guard := make(chan time.Time), c.guard()
	c.acceptInstead(mallory, socket.QUICConfig(), func(connection *quic.Conn) {
		connection.CloseWithError(codeReplaced, "and again")
		select {
		case accepted <- time.Now():
		case <-guard.Done():
		case <-alice.ctx.Done():
		}
	})
	c.knows(alice, mallory.ownName())
	began := time.Now()
	alice.conversation(mallory.Key()).want(false)
	<-accepted
	if pause := (<-accepted).Sub(began); pause < dialPause {
		t.Errorf("the second handshake has ended after %v", pause)
	}
	if err := alice.Close(); err != nil {
		t.Error(err)
	}
}

// returns waits until a call returns, which must be without an error.
func (c *circle) returns(what string, call func() error) {
	c.t.Helper()
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		if err != nil {
			c.t.Errorf("%s: %v", what, err)
		}
	case <-c.guard().Done():
		c.t.Fatalf("%s does not end", what)
	}
}
