package rendezvous

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"peerd/internal/identity"
	"peerd/wire"
)

// hangGuard ends a wait for something that will never come; nothing is measured
// with it.
const hangGuard = time.Minute

// startServer runs a rendezvous on loopback until the test ends. change may
// adjust its configuration.
func startServer(t testing.TB, change ...func(*Config)) *Server {
	t.Helper()
	config := Config{Listen: "127.0.0.1:0", StateDir: t.TempDir()}
	for _, f := range change {
		f(&config)
	}
	s, stop := serveUntil(t, config)
	t.Cleanup(stop)
	return s
}

// serveUntil runs a rendezvous until stop is called. prepare is called before it serves.
func serveUntil(t testing.TB, config Config, prepare ...func(*Server)) (_ *Server, stop func()) {
	t.Helper()
	s, err := Open(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range prepare {
		f(s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	return s, sync.OnceFunc(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
}

// startPatient is startServer for a rendezvous that waits for its peers without end,
// strangers too: how fast this machine is decides about nobody.
func startPatient(t testing.TB) *Server {
	t.Helper()
	s, stop := serveUntil(t, Config{Listen: "127.0.0.1:0", StateDir: t.TempDir()}, bePatient)
	t.Cleanup(stop)
	return s
}

// bePatient makes s, which does not serve yet, one that waits without end.
func bePatient(s *Server) { s.tcp = patientListener{s.tcp} }

type patientListener struct{ net.Listener }

func (l patientListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return patientConn{conn.(*net.TCPConn)}, nil
}

// patientConn is a connection without deadlines.
type patientConn struct{ *net.TCPConn }

func (patientConn) SetDeadline(time.Time) error      { return nil }
func (patientConn) SetReadDeadline(time.Time) error  { return nil }
func (patientConn) SetWriteDeadline(time.Time) error { return nil }

// token makes an invite and returns its token.
func token(t testing.TB, s *Server, uses int) []byte {
	t.Helper()
	secret := make([]byte, 16)
	_, _ = rand.Read(secret)
	if _, err := s.state.addInvite(secret, uses, time.Hour, time.Now()); err != nil {
		t.Fatal(err)
	}
	return secret
}

// client is a peer as the rendezvous sees one: a control connection and a UDP
// socket.
type client struct {
	t        testing.TB
	server   *Server
	self     *identity.Identity
	instance wire.Instance
	conn     *tls.Conn
	udp      *net.UDPConn
	at       netip.AddrPort    // where it reaches the rendezvous
	messages chan wire.Message // closed when the connection ends
}

// newClient returns a client that is not connected yet.
func newClient(t testing.TB, s *Server) *client {
	t.Helper()
	self, err := identity.Generate()
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, server: s, self: self}
	if s != nil {
		c.at = s.Addr()
	}
	_, _ = rand.Read(c.instance[:])
	return c
}

// join logs a new member in.
func join(t testing.TB, s *Server, name string) *client {
	t.Helper()
	c := newClient(t, s)
	c.login(wire.Hello{Name: name, Token: token(t, s, 1)})
	return c
}

func (c *client) key() wire.Key { return c.self.Key() }

// dial opens the control connection and starts reading from it.
func (c *client) dial() error {
	raw, err := net.Dial("tcp", c.at.String())
	if err != nil {
		return err
	}
	c.conn = tls.Client(raw, c.self.ClientTLS(wire.ControlProtocol, c.server.Key()))
	c.t.Cleanup(func() { _ = raw.Close() })
	c.listen()
	return nil
}

// listen starts reading what the rendezvous says, and hangs up at its end, as peers do.
func (c *client) listen() {
	messages := make(chan wire.Message, 4096)
	c.messages = messages
	conn := c.conn
	go func() {
		defer close(messages)
		defer conn.NetConn().Close()
		buffer := make([]byte, wire.MaxBody)
		for {
			kind, body, err := wire.ReadFrame(conn, buffer)
			if err != nil {
				return
			}
			if kind == wire.KindRelay {
				body = append([]byte(nil), body...) // its payload aliases the buffer
			}
			if m, err := wire.Parse(kind, body); err == nil && m != nil {
				messages <- m
			}
		}
	}()
}

func (c *client) send(messages ...wire.Message) {
	c.t.Helper()
	var frames []byte
	for _, m := range messages {
		var err error
		if frames, err = wire.AppendFrame(frames, m); err != nil {
			c.t.Fatal(err)
		}
	}
	if _, err := c.conn.Write(frames); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// hello connects and says hello; the answer is the caller's to await.
func (c *client) hello(hello wire.Hello) error {
	if err := c.dial(); err != nil {
		return err
	}
	return c.sayHello(hello)
}

// sayHello is hello for who is connected.
func (c *client) sayHello(hello wire.Hello) error {
	hello.Version, hello.Instance = cmp.Or(hello.Version, wire.VersionFor(hello.Requires)), c.instance
	frame, err := wire.AppendFrame(nil, hello)
	if err != nil {
		return err
	}
	_, err = c.conn.Write(frame)
	return err
}

// login says hello and awaits the welcome.
func (c *client) login(hello wire.Hello) wire.Welcome {
	c.t.Helper()
	if err := c.hello(hello); err != nil {
		c.t.Fatal(err)
	}
	return await[wire.Welcome](c)
}

// refusal says hello and returns why it is refused, or 0 when it is not.
func (c *client) refusal(hello wire.Hello) (wire.RefusedCode, error) {
	if err := c.hello(hello); err != nil {
		return 0, err
	}
	return c.verdict()
}

// verdict awaits the answer to a hello: why it is refused, or 0 when it is not.
func (c *client) verdict() (wire.RefusedCode, error) {
	for {
		select {
		case m, ok := <-c.messages:
			switch m := m.(type) {
			case wire.Refused:
				return m.Code, nil
			case wire.Welcome:
				return 0, nil
			}
			if !ok {
				return 0, errors.New("connection ended without an answer")
			}
		case <-time.After(hangGuard):
			return 0, errors.New("no answer")
		}
	}
}

// next returns the next message, answering pings; ok is false at the end.
func (c *client) next() (m wire.Message, ok bool) {
	c.t.Helper()
	select {
	case m, ok := <-c.messages:
		if ping, isPing := m.(wire.Ping); isPing {
			frame, _ := wire.AppendFrame(nil, wire.Pong(ping))
			_, _ = c.conn.Write(frame)
		}
		return m, ok
	case <-time.After(hangGuard):
		c.t.Fatal("the rendezvous says nothing")
		return nil, false
	}
}

// await skips messages until one of type M comes.
func await[M wire.Message](c *client) M {
	c.t.Helper()
	return awaitWhere(c, func(M) bool { return true })
}

// awaitWhere skips messages until one of type M satisfies wanted.
func awaitWhere[M wire.Message](c *client, wanted func(M) bool) M {
	c.t.Helper()
	for {
		m, ok := c.next()
		if found, is := m.(M); is && wanted(found) {
			return found
		}
		if !ok {
			var want M
			c.t.Fatalf("the connection ended before a %v came", want.Kind())
		}
	}
}

// awaitEnd waits until the rendezvous closes the connection.
func (c *client) awaitEnd() {
	c.t.Helper()
	for {
		if _, ok := c.next(); !ok {
			return
		}
	}
}

// awaitRow waits until the roster shows key as wanted.
func (c *client) awaitRow(key wire.Key, wanted func(wire.Row) bool) wire.Row {
	c.t.Helper()
	for {
		m, ok := c.next()
		if !ok {
			c.t.Fatal("the connection ended before the roster changed as it should")
		}
		var rows []wire.Row
		switch m := m.(type) {
		case wire.Snapshot:
			rows = m.Rows
		case wire.Delta:
			rows = m.Changed
		}
		for _, row := range rows {
			if row.Key == key && wanted(row) {
				return row
			}
		}
	}
}

func online(row wire.Row) bool  { return row.Online }
func offline(row wire.Row) bool { return !row.Online }

// socket opens the client's UDP socket on a loopback address.
func (c *client) socket() *net.UDPConn {
	c.t.Helper()
	if c.udp == nil {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			c.t.Fatal(err)
		}
		_ = conn.SetReadBuffer(4 << 20)
		c.t.Cleanup(func() { _ = conn.Close() })
		c.udp = conn
	}
	return c.udp
}

// observe logs in over UDP at the given port and returns the answer.
func (c *client) observe(p port) wire.Accept {
	c.t.Helper()
	login := wire.Login{}
	_, _ = rand.Read(login.TransactionID[:])
	question := login.Append(nil)
	answer := c.ask(question, c.udpAt(p))
	accept, err := wire.ParseAccept(answer)
	if err != nil || accept.TransactionID != login.TransactionID {
		c.t.Fatalf("answer to a login: %+v, %v", accept, err)
	}
	if len(answer) > len(question) {
		c.t.Errorf("the answer has %d bytes, the question only %d", len(answer), len(question))
	}
	return accept
}

// udpAt returns where the client reaches the given UDP port.
func (c *client) udpAt(p port) netip.AddrPort {
	return netip.AddrPortFrom(c.at.Addr(), c.at.Port()+uint16(p))
}

func udpAddr(s *Server, p port) netip.AddrPort {
	return netip.AddrPortFrom(s.Addr().Addr(), s.Addr().Port()+uint16(p))
}

// ask sends a datagram and returns the next one that arrives.
func (c *client) ask(question []byte, to netip.AddrPort) []byte {
	c.t.Helper()
	if _, err := c.socket().WriteToUDPAddrPort(question, to); err != nil {
		c.t.Fatal(err)
	}
	return c.datagram()
}

func (c *client) datagram() []byte {
	c.t.Helper()
	buffer := make([]byte, 4096)
	_ = c.socket().SetReadDeadline(time.Now().Add(hangGuard))
	n, err := c.socket().Read(buffer)
	if err != nil {
		c.t.Fatalf("await a datagram: %v", err)
	}
	return buffer[:n]
}

// observed returns the candidate that proves the client's UDP endpoint.
func (c *client) observed() wire.Candidate {
	c.t.Helper()
	accept := c.observe(mainPort)
	return wire.Candidate{Endpoint: accept.Observed, Kind: wire.CandidateObserved, Cookie: accept.Cookie}
}

// talkTo introduces c and other and returns both introductions.
func (c *client) talkTo(other *client, talk wire.Talk) (own, others wire.Introduction) {
	c.t.Helper()
	talk.To = other.key()
	c.send(talk)
	return await[wire.Introduction](c), await[wire.Introduction](other)
}

// waitUntil polls for a condition that nothing announces.
func waitUntil(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(hangGuard); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
