package peer

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/punch/socket"
	"peerd/wire"
)

// takeNothing has a daemon accept connections, and let nobody say more on a stream than
// its first octet.
func (c *circle) takeNothing(d *Daemon) {
	c.t.Helper()
	if err := d.listener.Close(); err != nil {
		c.t.Fatal(err)
	}
	config := socket.QUICConfig()
	config.InitialStreamReceiveWindow, config.MaxStreamReceiveWindow = 1, 1
	tls := d.self.AcceptTLS([]string{wire.SessionProtocol, wire.BulkProtocol}, d.isSessionPeer)
	listener, err := d.socket.Transport().Listen(tls, config)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for ctx.Err() == nil {
			_, _ = listener.Accept(ctx) // and never a stream of it
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
