package peer

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/quic-go/quic-go"

	"peerd/internal/identity"
	"peerd/internal/rogue"
	"peerd/peer/api"
	"peerd/punch/socket"
	"peerd/wire"
)

// meddler does to relayed datagrams whatever a rendezvous can.
type meddler struct {
	random *rand.Rand
	// elsewhere is another session, and its peer.
	elsewhere wire.SessionID
	peer      func() rogue.Datagram
	held      []rogue.Datagram
	done      [6]atomic.Int64 // how often each thing was done
}

func (m *meddler) meddle(d rogue.Datagram) []rogue.Datagram {
	if wire.Classify(d.Payload) != wire.DatagramRelay {
		return d.Pass()
	}
	all := append(d.Pass(), m.held...)
	m.held = nil
	what := m.random.IntN(16)
	if what < len(m.done) {
		m.done[what].Add(1)
	}
	changed := d
	changed.Payload = bytes.Clone(d.Payload)
	switch what {
	case 0: // damaged
		changed.Payload[m.random.IntN(len(changed.Payload))] ^= 1 << m.random.IntN(8)
		return append([]rogue.Datagram{changed}, all...)
	case 1: // several times
		return append(all, d, d, d)
	case 2: // into another session
		other := m.peer()
		copy(changed.Payload[1:], m.elsewhere[:])
		changed.To = other.To
		return append(all, changed)
	case 3: // later
		m.held = d.Pass()
		return all[1:]
	case 4: // cut short
		changed.Payload = changed.Payload[:wire.RelayHeaderSize+1+m.random.IntN(len(changed.Payload)-wire.RelayHeaderSize)]
		return append([]rogue.Datagram{changed}, all...)
	case 5: // back to its sender
		changed.To = d.From
		return append(all, changed)
	}
	return all
}

// hasDoneAll reports whether it has done everything that it can.
func (m *meddler) hasDoneAll() bool {
	for what := range m.done {
		if m.done[what].Load() == 0 {
			return false
		}
	}
	return true
}

// TestT08WhatIsRelayedArrivesAsItWasSent has the rendezvous damage, double, swap, hold
// back, cut and throw back what it relays.
func TestT08WhatIsRelayedArrivesAsItWasSent(t *testing.T) {
	h := newHostile(t)
	h.rogue.OnFrame(relayOnly)
	alice, bob, carol := h.join("alice"), h.join("bob"), h.join("carol")
	h.knows(alice, "bob")
	h.knows(alice, "carol")
	h.send(alice, "carol", "for carol")
	h.send(alice, "bob", "first")
	m := &meddler{
		random:    rand.New(rand.NewPCG(1, 2)),
		elsewhere: wire.DeriveSessionID(alice.Key(), alice.instance, carol.Key(), carol.instance),
		peer:      func() rogue.Datagram { return rogue.Datagram{To: h.rogue.Endpoint(carol.Key())} },
	}
	h.rogue.OnDatagram(m.meddle)
	want := []string{"first"}
	var last api.Sent
	for i := 0; i < 100 || !m.hasDoneAll(); i++ {
		text := fmt.Sprint("message ", i)
		sent, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: text})
		if err != nil {
			t.Fatal(err)
		}
		want, last = append(want, text), sent
		if i%5 == 0 {
			h.awaitState(alice, last.ID, api.StateDelivered)
		}
	}
	h.awaitState(alice, last.ID, api.StateDelivered)
	h.send(bob, "alice", "and back")
	if got := texts(t, bob, "alice"); !slices.Equal(got, want) {
		t.Errorf("bob has %q", got)
	}
	if got := texts(t, alice, "bob"); !slices.Equal(got, []string{"and back"}) {
		t.Errorf("alice has %q", got)
	}
	if got := texts(t, carol, "alice"); !slices.Equal(got, []string{"for carol"}) {
		t.Errorf("carol has %q", got)
	}
}

// TestT08TheRendezvousReadsNothing has everything that two users have for each other go
// through the rendezvous, and looks for it in all that it has seen.
func TestT08TheRendezvousReadsNothing(t *testing.T) {
	h := newHostile(t)
	h.rogue.OnFrame(relayOnly)
	dirs := map[string]string{"alice": t.TempDir(), "bob": t.TempDir()}
	alice, bob := h.joinAt("alice", dirs["alice"]), h.joinAt("bob", dirs["bob"])
	h.knows(alice, "bob")
	h.knows(bob, "alice")
	h.send(alice, "bob", "canary-sealed")
	sent := h.send(alice, "bob", "canary-in-session")
	h.send(bob, "alice", "canary-back")
	if _, err := alice.Edit(t.Context(), api.EditRequest{ID: sent.ID, Text: "canary-edited"}); err != nil {
		t.Fatal(err)
	}
	if _, err := alice.RenameContact(t.Context(), api.RenameRequest{Name: "bob", NewName: "canary-petname"}); err != nil {
		t.Fatal(err)
	}
	h.group(bob, "canary-group", alice)
	h.send(bob, "@canary-group", "canary-said-in-it")
	content := bytes.Repeat([]byte("canary-content "), 20_000)
	offered := h.offer(alice, "canary-petname", h.write("canary-file.txt", content))
	h.awaitTransfer(bob, offered.ID, api.TransferOffered)
	h.decide(bob, offered.ID, api.FileAccept)
	h.awaitTransfer(bob, offered.ID, api.TransferDone)

	if where := h.rogue.Saw([]byte("canary")); len(where) > 0 {
		t.Errorf("the rendezvous has seen the canary in %v", where[:min(3, len(where))])
	}
	for who, octets := range h.privateKeys(dirs, alice, bob) {
		if where := h.rogue.Saw(octets); len(where) > 0 {
			t.Errorf("the rendezvous has seen %s in %v", who, where)
		}
	}
	if where := h.rogue.Saw([]byte("alice")); len(where) == 0 {
		t.Error("it has not even seen alice's name: this test cannot see anything")
	}
	frames, datagrams := h.rogue.Size()
	if frames == 0 || datagrams < len(content) {
		t.Errorf("it has seen %d octets in frames and %d in datagrams: the file did not go through it", frames, datagrams)
	}
}

// privateKeys are secrets of the daemons that no other machine may see.
func (h *hostile) privateKeys(dirs map[string]string, alice, bob *Daemon) map[string][]byte {
	h.t.Helper()
	secrets := map[string][]byte{}
	for name, dir := range dirs {
		text, err := os.ReadFile(filepath.Join(dir, identity.FileName))
		if err != nil {
			h.t.Fatal(err)
		}
		block, _ := pem.Decode(text)
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			h.t.Fatal(err)
		}
		secrets[name+"'s identity"] = key.(ed25519.PrivateKey).Seed()
	}
	for name, d := range map[string]*Daemon{"alice": alice, "bob": bob} {
		prekey, err := d.store.NewestPrekey(h.t.Context())
		if err != nil {
			h.t.Fatal(err)
		}
		secrets[name+"'s prekey"] = prekey.Private.Reveal()
	}
	session := wire.DeriveSessionID(alice.Key(), alice.instance, bob.Key(), bob.instance)
	send, receive, err := alice.self.ProbeKeys(bob.Key(), session)
	if err != nil {
		h.t.Fatal(err)
	}
	secrets["alice's probe key"], secrets["bob's probe key"] = send[:], receive[:]
	return secrets
}

// impostor is somebody who has the relay, as the rendezvous does, and not the key of
// the peer for whom he answers. Between him and the relay is a pair of UDP sockets.
//
//	alice ◀─ relay datagrams ─▶ rogue ◀─▶ bridge ◀─ UDP ─▶ QUIC under another key
type impostor struct {
	self      *identity.Identity
	transport *quic.Transport
	bridge    *net.UDPConn
	// hellos counts the handshakes that alice has begun.
	hellos atomic.Int64
}

// impersonate stands in for a puppet in its session with alice.
func (h *hostile) impersonate(alice *Daemon, as puppet) *impostor {
	h.t.Helper()
	i := &impostor{self: h.identity(), bridge: listenLoopback(h.t)}
	i.transport = &quic.Transport{Conn: listenLoopback(h.t)}
	session := as.session(alice)
	h.rogue.Pair(session, alice.Key(), as.Key())
	h.rogue.OnFrame(func(f rogue.Frame) []rogue.Frame {
		if m, ok := f.Message.(wire.Relay); ok && f.To == as.Key() && m.Session == session {
			_, _ = i.bridge.WriteTo(m.Payload, i.transport.Conn.LocalAddr())
			return nil
		}
		return withhold(f)
	})
	var bridging sync.WaitGroup
	bridging.Go(func() {
		buffer := make([]byte, 2048)
		for {
			n, _, err := i.bridge.ReadFrom(buffer)
			if err != nil {
				return
			}
			h.rogue.Write(h.rogue.Endpoint(alice.Key()), append(wire.AppendRelayHeader(nil, session), buffer[:n]...))
		}
	})
	h.t.Cleanup(func() {
		i.transport.Close()
		i.transport.Conn.Close()
		i.bridge.Close()
		bridging.Wait()
	})
	return i
}

func listenLoopback(t testing.TB) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// puppetThat lists a puppet whose key is on the wanted side of alice's: the lower one
// dials.
func (h *hostile) puppetThat(dials bool, name string, alice *Daemon) puppet {
	for {
		if self := h.identity(); (self.Key().Compare(alice.Key()) < 0) == dials {
			return h.puppetOf(name, self)
		}
	}
}

// TestT05WhoeverAnswersWithAnotherKeyGetsNoByte has the rendezvous answer alice's
// handshake in bob's place. What fails to prove its key must be hung up on.
func TestT05WhoeverAnswersWithAnotherKeyGetsNoByte(t *testing.T) {
	h := newHostile(t)
	alice := h.join("alice")
	bob := h.puppetThat(false, "bob", alice)
	h.knows(alice, "bob")
	i := h.impersonate(alice, bob)
	accepting := i.self.AcceptTLS([]string{wire.SessionProtocol}, func(wire.Key) bool { return true })
	counting := accepting.Clone()
	counting.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		i.hellos.Add(1)
		return accepting, nil
	}
	listener, err := i.transport.Listen(counting, socket.QUICConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	accepted := make(chan *quic.Conn, 8)
	go func() {
		defer close(accepted)
		for {
			conn, err := listener.Accept(ctx)
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()

	sent, err := alice.Send(t.Context(), api.SendRequest{To: bob.Key().String(), Text: "for bob's eyes"})
	if err != nil {
		t.Fatal(err)
	}
	h.rogue.Send(alice.Key(), bob.introduction(alice))
	h.await("alice has begun a second handshake", func() bool { return i.hellos.Load() >= 2 })
	cancel()
	for conn := range accepted {
		stream, err := conn.AcceptStream(t.Context())
		t.Errorf("alice has accepted the impostor: stream %v, %v", stream, err)
	}
	if alice.conversation(bob.Key()).currentSession().connected() {
		t.Error("alice takes the session for connected")
	}
	if row, _ := alice.WaitMessage(ctx, sent.ID, api.StateDelivered); row.State.Reached(api.StateDelivered) {
		t.Errorf("the message is %q", row.State)
	}
}

// TestT05WhoeverDialsWithAnotherKeyIsHungUpOn has the rendezvous dial alice in bob's
// place, and say something.
func TestT05WhoeverDialsWithAnotherKeyIsHungUpOn(t *testing.T) {
	h := newHostile(t)
	alice := h.join("alice")
	bob := h.puppetThat(true, "bob", alice)
	h.knows(alice, "bob")
	i := h.impersonate(alice, bob)
	if _, err := alice.Send(t.Context(), api.SendRequest{To: bob.Key().String(), Text: "for bob's eyes"}); err != nil {
		t.Fatal(err)
	}
	h.rogue.Send(alice.Key(), bob.introduction(alice))
	h.await("alice has the session", func() bool { return alice.session(bob.session(alice)) != nil })
	for range 3 {
		conn, err := i.transport.Dial(h.guard(), i.bridge.LocalAddr(), i.self.MutualTLS(wire.SessionProtocol, alice.Key()), socket.QUICConfig())
		if err != nil {
			continue // refused before we had finished
		}
		if stream, err := conn.OpenStream(); err == nil {
			_, _ = stream.Write(append([]byte{byte(StreamMessages)}, mustFrame(t, h.text("the false bob"))...))
		}
		if stream, err := conn.AcceptStream(h.guard()); err == nil {
			t.Errorf("alice has opened %v to the impostor", stream.StreamID())
		}
		<-conn.Context().Done()
	}
	if got := texts(t, alice, bob.Key().String()); len(got) != 0 {
		t.Errorf("alice has %q", got)
	}
	if alice.conversation(bob.Key()).currentSession().connected() {
		t.Error("alice takes the session for connected")
	}
}
