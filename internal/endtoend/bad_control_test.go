//go:build linux

package endtoend

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"peerd/internal/identity"
	"peerd/internal/invite"
	"peerd/internal/natlab"
	"peerd/internal/stage"
	"peerd/wire"
)

// TestHostileControlConnections proves that strangers and members who send
// nonsense to the control port lose their connection and disturb nobody else's.
func TestHostileControlConnections(t *testing.T) {
	t.Parallel()
	lab, s, h := pair(t, natlab.Masquerade, natlab.Masquerade)
	a := newAttacker(t, s, lab.PublicHost("attacker", natlab.Link{}))
	talkDuring(t, h, func() error {
		for _, attack := range []func() error{
			a.noTLS, a.noiseAfterTLS, a.oversizedHello, a.notAHello, a.nonsenseAsMember, a.oversizedFrameAsMember,
		} {
			if err := attack(); err != nil {
				return err
			}
		}
		return nil
	})
	unharmed(t, s, h)
}

// TestHostileMember proves that a member who talks to a peer with sealed
// nonsense, and names endpoints that are not its own, gets nowhere.
func TestHostileMember(t *testing.T) {
	t.Parallel()
	lab, s, h := pair(t, natlab.Masquerade, natlab.Masquerade)
	a := newAttacker(t, s, lab.PublicHost("attacker", natlab.Link{}))
	victim := lab.PublicHost("victim", natlab.Link{})
	seen := victim.Capture()
	bob, err := wire.ParseKey(keyOf(t, h.bob))
	if err != nil {
		t.Fatal(err)
	}
	talkDuring(t, h, func() error { return a.nonsenseFor(bob, victim.AddrPort(9)) })
	if packets := seen.Packets(); len(packets) > 0 {
		t.Errorf("peers were made to probe somebody else: %v", packets)
	}
	unharmed(t, s, h)
}

// TestSlowStrangers proves that a peer can log in while as many connections are
// half-open as the rendezvous holds, from several sources, and that it gets rid
// of all of them.
func TestSlowStrangers(t *testing.T) {
	t.Parallel()
	lab, s, h := pair(t, natlab.Masquerade, natlab.Masquerade)
	const sources, each = 5, 250 // the rendezvous holds 1024, 256 of one source
	var attackers []*attacker
	for i := range sources {
		attackers = append(attackers, newAttacker(t, s, lab.PublicHost(fmt.Sprint("slow", i), natlab.Link{})))
	}
	talkDuring(t, h, func() error {
		var dialling sync.WaitGroup
		errs := make([]error, sources)
		for i, a := range attackers {
			dialling.Go(func() { errs[i] = a.dribble(each) })
		}
		dialling.Wait()
		return errors.Join(errs...)
	})
	h.alice.Stop()
	if err := h.alice.Start(); err != nil {
		t.Fatal(err)
	}
	meet(t, h.alice, h.bob)
	send(t, h.alice, "bob", "back again")
	for _, a := range attackers {
		if err := a.allEnd(); err != nil {
			t.Error(err)
		}
	}
	unharmed(t, s, h)
}

// attacker attacks the control port from one public host.
type attacker struct {
	host   *natlab.Host
	target *stage.Stage
	invite invite.Invite
	self   *identity.Identity
	held   []net.Conn
	logins int
}

func newAttacker(t *testing.T, s *stage.Stage, host *natlab.Host) *attacker {
	t.Helper()
	a := &attacker{host: host, target: s}
	var err error
	if a.invite, err = invite.Parse(s.Invite); err != nil {
		t.Fatal(err)
	}
	if a.self, err = identity.Generate(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, conn := range a.held {
			conn.Close()
		}
	})
	return a
}

// patience is how long the rendezvous may take to close a connection: its own
// limits are a few seconds, the rest is for a busy machine.
const patience = 30 * time.Second

// errHeld says that the rendezvous did not get rid of a hostile connection.
var errHeld = errors.New("the connection is still open")

func (a *attacker) dial() (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := a.host.DialTCP(ctx, a.target.Endpoint())
	if err != nil {
		return nil, fmt.Errorf("connect to the control port: %w", err)
	}
	return conn, nil
}

// dialTLS shakes hands as a stranger with a key of its own.
func (a *attacker) dialTLS() (net.Conn, error) {
	raw, err := a.dial()
	if err != nil {
		return nil, err
	}
	conn := tls.Client(raw, a.self.ClientTLS(wire.ControlProtocol, a.invite.Server))
	_ = conn.SetDeadline(time.Now().Add(patience))
	if err := conn.Handshake(); err != nil {
		return nil, fmt.Errorf("shake hands: %w", errors.Join(err, raw.Close()))
	}
	return conn, nil
}

// loginsAtOnce is how often one member may log in without a pause.
const loginsAtOnce = 60

// logIn is dialTLS and a good Hello: the attacker is a member of the circle, and
// another one when that has logged in too often.
func (a *attacker) logIn() (_ net.Conn, err error) {
	if a.logins%loginsAtOnce == loginsAtOnce-1 {
		if a.self, err = identity.Generate(); err != nil {
			return nil, err
		}
	}
	a.logins++
	conn, err := a.dialTLS()
	if err != nil {
		return nil, err
	}
	hello := wire.Hello{
		Version: wire.Version, Name: fmt.Sprint("mallory-", a.logins/loginsAtOnce), Token: a.invite.Token, Instance: wire.Instance{byte(a.logins)},
	}
	frame, err := wire.AppendFrame(nil, hello)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if _, err := conn.Write(frame); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	kind, _, err := wire.ReadFrame(conn, nil)
	if err != nil || kind != wire.KindWelcome {
		return nil, errors.Join(fmt.Errorf("a member is answered with %v", kind), err, conn.Close())
	}
	return conn, nil
}

// mustEnd sends bytes and reads until the rendezvous ends the connection.
func mustEnd(conn net.Conn, bytes []byte) error {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := conn.Write(bytes); errors.Is(err, os.ErrDeadlineExceeded) {
		return errHeld
	}
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		return errHeld
	}
	return nil
}

func noise(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return b
}

// frame is a header that announces size, and what follows it.
func frame(kind wire.Kind, size int, body []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(kind)<<24|uint32(size)), body...)
}

func (a *attacker) noTLS() error {
	for _, junk := range [][]byte{
		[]byte("GET / HTTP/1.1\r\nHost: rendezvous\r\n\r\n"), noise(1), noise(5), noise(100), noise(20_000),
		{22, 3, 1, 0xff, 0xff}, // a TLS record that is too long
	} {
		conn, err := a.dial()
		if err == nil {
			err = mustEnd(conn, junk)
		}
		if err != nil {
			return fmt.Errorf("junk of %d bytes without TLS: %w", len(junk), err)
		}
	}
	return nil
}

func (a *attacker) noiseAfterTLS() error {
	for _, size := range []int{1, 4, 5, 100, 5000, 100_000} {
		conn, err := a.dialTLS()
		if err == nil {
			err = mustEnd(conn, noise(size))
		}
		if err != nil {
			return fmt.Errorf("%d random bytes after the handshake: %w", size, err)
		}
	}
	return nil
}

// oversizedHello announces more than any Hello has, and may not wait for it.
func (a *attacker) oversizedHello() error {
	for _, size := range []int{5 << 10, wire.MaxBody + 1, 1<<24 - 1} {
		conn, err := a.dialTLS()
		if err == nil {
			err = mustEnd(conn, frame(wire.KindHello, size, nil))
		}
		if err != nil {
			return fmt.Errorf("a hello of %d bytes: %w", size, err)
		}
	}
	return nil
}

func (a *attacker) notAHello() error {
	for kind := range wire.Kind(70) {
		conn, err := a.dialTLS()
		if err == nil {
			err = mustEnd(conn, frame(kind, 30, noise(30)))
		}
		if err != nil {
			return fmt.Errorf("a %v instead of a hello: %w", kind, err)
		}
	}
	return nil
}

// nonsenseAsMember sends a member's frames with random bodies, until it is
// thrown out or has sent them all.
func (a *attacker) nonsenseAsMember() error {
	for kind := range wire.Kind(70) {
		conn, err := a.logIn()
		if err != nil {
			return fmt.Errorf("before a senseless %v: %w", kind, err)
		}
		for _, size := range []int{0, 1, 16, 300, 4000} {
			// That it is thrown out halfway is fine.
			_, _ = conn.Write(frame(kind, size, noise(size)))
		}
		conn.Close()
	}
	return nil
}

// nonsenseFor sends a peer introductions and envelopes that are well formed but
// for what is sealed in them, and claims to be at the victim's endpoint.
func (a *attacker) nonsenseFor(peer wire.Key, victim netip.AddrPort) error {
	conn, err := a.logIn()
	if err != nil {
		return err
	}
	defer conn.Close()
	claims := []wire.Candidate{{Endpoint: victim, Kind: wire.CandidateObserved}, {Endpoint: victim, Kind: wire.CandidateLocal}}
	session, err := talk(conn, wire.Talk{To: peer, Candidates: claims, Sealed: noise(100)})
	if err != nil {
		return err
	}
	for i := range 100 {
		var frames []byte
		for _, m := range []wire.Message{
			wire.Endpoints{Candidates: claims},
			wire.Talk{To: peer, Candidates: claims, Sealed: noise(1 + i*i%wire.MaxSealed)},
			wire.Envelope{Session: session, Sealed: noise(1 + i*7%wire.MaxSealed)},
			wire.Relay{Session: session, Payload: noise(1 + i*13%wire.MaxRelayedDatagram)},
		} {
			if frames, err = wire.AppendFrame(frames, m); err != nil {
				return err
			}
		}
		if _, err := conn.Write(frames); err != nil {
			return fmt.Errorf("a member's round %d of nonsense: %w", i, err)
		}
	}
	_, err = io.CopyN(io.Discard, conn, 1) // the rendezvous still talks to it
	return err
}

// talk asks for an introduction and returns the session it is to.
func talk(conn net.Conn, m wire.Talk) (wire.SessionID, error) {
	frame, err := wire.AppendFrame(nil, m)
	if err != nil {
		return wire.SessionID{}, err
	}
	if _, err := conn.Write(frame); err != nil {
		return wire.SessionID{}, fmt.Errorf("talk: %w", err)
	}
	for {
		kind, body, err := wire.ReadFrame(conn, nil)
		if err != nil {
			return wire.SessionID{}, fmt.Errorf("wait for the introduction: %w", err)
		}
		if kind == wire.KindIntroduction {
			introduction, err := wire.ParseIntroduction(body)
			return introduction.Session, err
		}
	}
}

func (a *attacker) oversizedFrameAsMember() error {
	for _, size := range []int{wire.MaxBody + 1, 1<<24 - 1} {
		conn, err := a.logIn()
		if err == nil {
			err = mustEnd(conn, frame(wire.KindTalk, size, noise(100)))
		}
		if err != nil {
			return fmt.Errorf("a member's frame of %d bytes: %w", size, err)
		}
	}
	return nil
}

// dribble opens connections, sends one byte on each, and holds them.
func (a *attacker) dribble(connections int) error {
	for range connections {
		conn, err := a.dial()
		if err != nil {
			return err
		}
		a.held = append(a.held, conn)
		if _, err := conn.Write([]byte{22}); err != nil {
			return fmt.Errorf("send the first byte of a handshake: %w", err)
		}
	}
	return nil
}

// allEnd checks that the rendezvous ends every connection that is held.
func (a *attacker) allEnd() error {
	for i, conn := range a.held {
		if err := mustEnd(conn, nil); err != nil {
			return fmt.Errorf("half-open connection %d of %s: %w", i, a.host.Name(), err)
		}
	}
	return nil
}
