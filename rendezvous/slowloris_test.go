package rendezvous

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"peerd/wire"
)

// Connections that say nothing or next to nothing, from many sources: they are
// bounded, a login gets through, and when they end nothing of them is left.
func TestT13SlowlorisKeepsNobodyOut(t *testing.T) {
	s := startPatient(t) // they stay while the others come
	bob := join(t, s, "bob")
	goroutines := settledGoroutines(t)
	var slow []net.Conn
	for n := range maxHalfOpen + 200 {
		source := &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(n%200))} // no more from each than it may
		conn, err := (&net.Dialer{LocalAddr: source}).Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if n%2 == 0 {
			_, _ = conn.Write([]byte{22, 3, 1})
		}
		slow = append(slow, conn)
	}
	waitUntil(t, "as many are half-open as may be", func() bool { return s.halfOpen.len() == maxHalfOpen })
	alice := join(t, s, "alice")
	if held := s.halfOpen.len(); held > maxHalfOpen {
		t.Errorf("%d are half-open", held)
	}
	alice.send(wire.Goodbye{})
	alice.awaitEnd()
	bob.send(wire.Ping{Nonce: 1})
	await[wire.Pong](bob)
	for _, conn := range slow {
		_ = conn.Close()
	}
	waitUntil(t, "nothing is left of them", func() bool {
		return s.halfOpen.len() == 0 && goroutinesOf(t) <= goroutines+5 // whose stacks could not be seen then
	})
}

// TLS itself would take a ClientHello of 64 KiB and a certificate of 256 KiB.
func TestT13AStrangerSaysNoMoreThanALoginHas(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	g := newGate(near, &stranger{})
	go func() {
		defer far.Close()
		_, _ = far.Write(make([]byte, maxSaidByStranger+100))
	}()
	said, err := io.Copy(io.Discard, g)
	if said != maxSaidByStranger || !errors.Is(err, errTalkative) {
		t.Errorf("%d bytes were heard, %v; want %d", said, err, maxSaidByStranger)
	}
}

// The largest Hello there is must still fit.
func TestTheLargestHelloIsHeard(t *testing.T) {
	s := startServer(t)
	c := newClient(t, s)
	if err := c.dial(); err != nil {
		t.Fatal(err)
	}
	frame := append([]byte{byte(wire.KindHello), 0, maxHello >> 8, maxHello & 0xff}, bytes.Repeat([]byte{0xff}, maxHello)...)
	if _, err := c.conn.Write(frame); err != nil {
		t.Fatal(err)
	}
	if refused := await[wire.Refused](c); refused.Code != wire.RefusedMalformed || refused.Detail != "" {
		t.Errorf("refused with %v, want that it was read and not understood", refused)
	}
}

// Keys cost nothing: whatever is remembered by key is a member's (libp2p's
// CVE-2022-23492 and CVE-2023-40583 were floods of identities).
func TestT13KeysOfStrangersAreNotRemembered(t *testing.T) {
	s := startServer(t)
	for n := range 50 {
		c := newClient(t, s)
		if code, err := c.refusal(wire.Hello{Name: fmt.Sprint("stranger", n), Token: make([]byte, 16)}); code == 0 || err != nil {
			t.Fatalf("refused with %v, %v", code, err)
		}
	}
	waitUntil(t, "they are gone", func() bool { return s.halfOpen.len() == 0 })
	s.quotas.mu.Lock()
	defer s.quotas.mu.Unlock()
	if len(s.quotas.byKey) != 0 || len(s.familiar.of) != 0 || len(s.halfOpen.sources) != 0 {
		t.Errorf("%d quotas and %d sources are kept", len(s.quotas.byKey), len(s.familiar.of))
	}
}
