//go:build linux

package flood

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"peerd/internal/identity"
	"peerd/peer/seal"
	"peerd/wire"
)

// A member is one of the circle, honest or not, as far as the rendezvous can see.
type member struct {
	at   aim
	self *identity.Identity
	name string

	conn *tls.Conn
	udp  *net.UDPConn // nil unless wanted
	// met are the keys of the roster, but for its own.
	met []wire.Key
}

func newMember(at aim, name string) (*member, error) {
	self, err := identity.Generate()
	return &member{at: at, self: self, name: name}, err
}

// newMembers returns members that have joined and left again.
func newMembers(ctx context.Context, at aim, prefix string, count int, network netip.Prefix) ([]*member, error) {
	var members []*member
	for i := range count {
		m, err := newMember(at, fmt.Sprintf("%s%d-%x", prefix, i, noise(nil, 3)))
		if err != nil {
			return nil, err
		}
		if err := m.login(ctx, pick(network)); err != nil {
			return nil, fmt.Errorf("join %s: %w", m.name, err)
		}
		m.hangUp()
		members = append(members, m)
	}
	return members, nil
}

// login logs m in from a source, as a new instance, and awaits the welcome.
func (m *member) login(ctx context.Context, source netip.Addr, candidates ...wire.Candidate) (err error) {
	if m.conn, err = dialTLS(ctx, source, m.at, m.self); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, m.hangUp)()
	hello := wire.Hello{Version: wire.Version, Name: m.name, Token: m.at.invite.Token, Candidates: candidates}
	hello.Instance = wire.Instance(noise(nil, len(hello.Instance)))
	if err := m.send(hello); err != nil {
		return err
	}
	answer, err := m.receive()
	if err != nil {
		return fmt.Errorf("await the welcome: %w", err)
	}
	switch answer := answer.(type) {
	case wire.Welcome:
		return nil
	case wire.Refused:
		return answer
	}
	return fmt.Errorf("welcomed with a message of kind %d", answer.Kind())
}

func (m *member) send(messages ...wire.Message) error {
	var frames []byte
	for _, message := range messages {
		var err error
		if frames, err = wire.AppendFrame(frames, message); err != nil {
			return err
		}
	}
	_, err := m.conn.Write(frames)
	return err
}

func (m *member) receive() (wire.Message, error) {
	kind, body, err := wire.ReadFrame(m.conn, nil)
	if err != nil {
		return nil, err
	}
	return wire.Parse(kind, body)
}

// listen answers pings and passes everything on to heard until the end.
func (m *member) listen(heard func(wire.Message)) error {
	for {
		message, err := m.receive()
		if err != nil {
			return err
		}
		if ping, ok := message.(wire.Ping); ok {
			_ = m.send(wire.Pong(ping))
			continue
		}
		heard(message)
	}
}

// attend answers pings meanwhile. The function it returns hangs up and waits for that.
func (m *member) attend() (leave func()) {
	var listening sync.WaitGroup
	listening.Go(func() { _ = m.listen(ignore) })
	return func() {
		m.hangUp()
		listening.Wait()
	}
}

// meet reads the roster until it has found so many members.
func (m *member) meet(count int) error {
	for len(m.met) < count {
		message, err := m.receive()
		if err != nil {
			return fmt.Errorf("read the roster: %w", err)
		}
		if snapshot, ok := message.(wire.Snapshot); ok {
			for _, row := range snapshot.Rows {
				if row.Online && row.Key != m.self.Key() {
					m.met = append(m.met, row.Key)
				}
			}
		}
	}
	return nil
}

func (m *member) hangUp() {
	if m.conn != nil {
		hangUp(m.conn.NetConn())
	}
}

// observe logs in by UDP from source and returns what the rendezvous saw. The
// socket stays open as m.udp.
func (m *member) observe(ctx context.Context, source netip.Addr) (wire.Candidate, error) {
	config := net.ListenConfig{Control: bindAnywhere}
	conn, err := config.ListenPacket(ctx, "udp", netip.AddrPortFrom(source, 0).String())
	if err != nil {
		return wire.Candidate{}, err
	}
	m.udp = conn.(*net.UDPConn)
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })()
	answer := make([]byte, 1500)
	for pause := 100 * time.Millisecond; ctx.Err() == nil; pause = min(2*pause, time.Second) {
		login := wire.Login{TransactionID: wire.TransactionID(noise(nil, 12))}
		if _, err := m.udp.WriteToUDPAddrPort(login.Append(nil), m.at.reachedFrom(source)); err != nil {
			return wire.Candidate{}, err
		}
		_ = m.udp.SetReadDeadline(time.Now().Add(pause))
		n, err := m.udp.Read(answer)
		if isTimeout(err) {
			continue
		}
		if err != nil {
			return wire.Candidate{}, err
		}
		accept, err := wire.ParseAccept(answer[:n])
		if err == nil {
			return wire.Candidate{Endpoint: accept.Observed, Kind: wire.CandidateObserved, Cookie: accept.Cookie}, nil
		}
	}
	return wire.Candidate{}, fmt.Errorf("log in by UDP: %w", context.Cause(ctx))
}

// prekey makes a new one.
func (m *member) prekey() (wire.SignedPrekey, error) {
	var random [2]byte
	_, _ = rand.Read(random[:])
	prekey, _, err := seal.NewPrekey(m.self, 1+uint64(random[0])<<8+uint64(random[1]))
	return prekey, err
}

// loggedIn returns a new member that is logged in from one of the attacker's addresses.
func loggedIn(ctx context.Context, at aim, name string, candidates ...wire.Candidate) (*member, error) {
	m, err := newMember(at, fmt.Sprintf("%s-%x", name, noise(nil, 3)))
	if err != nil {
		return nil, err
	}
	return m, m.login(ctx, pick(one4), candidates...)
}

func ignore(wire.Message) {}
