package socket

import (
	"context"
	"errors"
	"testing"

	"github.com/quic-go/quic-go"

	"peerd/wire"
)

func TestConnectionsOfAPeerAreCounted(t *testing.T) {
	a := newAdmission()
	peer := &quic.ClientInfo{RemoteAddr: handleOf(wire.SessionID{1}).addr()}
	other := &quic.ClientInfo{RemoteAddr: handleOf(wire.SessionID{2}).addr()}
	var ends []context.CancelFunc
	for i := range mostConnections {
		if got, want := a.crowded(peer.RemoteAddr), i >= crowdedFrom; got != want {
			t.Errorf("with %d connections the next is asked for proof: %t, want %t", i, got, want)
		}
		ctx, end := context.WithCancel(t.Context())
		defer end()
		if _, err := a.admit(ctx, peer); err != nil {
			t.Fatalf("connection %d: %v", i+1, err)
		}
		ends = append(ends, end)
	}
	if _, err := a.admit(t.Context(), peer); !errors.Is(err, errTooManyConnections) {
		t.Errorf("one more is met with %v", err)
	}
	if _, err := a.admit(t.Context(), other); err != nil || a.crowded(other.RemoteAddr) {
		t.Errorf("another peer is met with %v, crowded %t", err, a.crowded(other.RemoteAddr))
	}
	ends[0]()
	poll(t, "one that has ended makes room for another", func() bool {
		_, err := a.admit(t.Context(), peer)
		return err == nil
	})
	for _, end := range ends[1:] {
		end()
	}
	poll(t, "who is not crowded is not asked for proof", func() bool { return !a.crowded(peer.RemoteAddr) })
}

func TestSessionsWithoutConnectionsAreNotCounted(t *testing.T) {
	a := newAdmission()
	ctx, end := context.WithCancel(t.Context())
	if _, err := a.admit(ctx, &quic.ClientInfo{RemoteAddr: handleOf(wire.SessionID{1}).addr()}); err != nil {
		t.Fatal(err)
	}
	end()
	poll(t, "nothing is remembered", func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return len(a.open) == 0
	})
}

// Honest peers pass where the crowd has to show that it is there.
func TestConnectionsInACrowdAreAccepted(t *testing.T) {
	p := newPair(t)
	p.punch(t)
	server, client := tlsConfigs(t)
	listener, err := p.b.Transport().Listen(server, QUICConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithTimeout(t.Context(), hangGuard)
	defer cancel()
	var open []*quic.Conn
	for i := range crowdedFrom + 2 {
		a, err := p.a.Transport().Dial(ctx, p.a.session.Addr(), client, QUICConfig())
		if err != nil {
			t.Fatalf("connection %d: %v", i+1, err)
		}
		defer a.CloseWithError(0, "")
		b, err := listener.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, b)
	}
	crowded := func() bool { return p.b.Transport().VerifySourceAddress(p.b.session.Addr()) }
	if !crowded() {
		t.Errorf("%d connections are no crowd", len(open))
	}
	for _, b := range open {
		b.CloseWithError(0, "")
	}
	poll(t, "the crowd has gone", func() bool { return !crowded() })
}
