package socket

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/rs/zerolog"

	"peerd/internal/offload"
	"peerd/punch"
	"peerd/wire"
)

// hangGuard ends what would otherwise hang; nothing is measured with it.
const hangGuard = 30 * time.Second

// side is one peer of a pair: its socket, its session and what it was told.
type side struct {
	*Socket
	session *Session
	sendKey wire.ProbeKey // of the session
	paths   chan punch.Path
	talks   chan wire.SessionID
	accepts chan wire.Accept
}

// wrapper puts something between a socket and the network; nil: nothing.
type wrapper func(datagramConn) datagramConn

// newSide listens on loopback. Relayed is its RelayByControl.
func newSide(t testing.TB, relayed func(wire.SessionID, []byte), wrap wrapper) *side {
	t.Helper()
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var conn datagramConn = offload.New(udp)
	if wrap != nil {
		conn = wrap(conn)
	}
	p := &side{
		paths:   make(chan punch.Path, 1000),
		talks:   make(chan wire.SessionID, 1000),
		accepts: make(chan wire.Accept, 1000),
	}
	p.Socket, err = start(Config{
		Logger:         zerolog.Nop(),
		Observed:       func(_ netip.AddrPort, accept wire.Accept) { p.accepts <- accept },
		PathChanged:    func(_ wire.SessionID, path punch.Path) { p.paths <- path },
		TalkWanted:     func(session wire.SessionID, _ []netip.AddrPort) { p.talks <- session },
		RelayByControl: relayed,
	}, conn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// pair is two peers in one session, and a relay that both use.
type pair struct {
	a, b  *side
	relay *udpRelay
}

// newPair starts two peers whose session goes over a UDP relay.
func newPair(t testing.TB) *pair { return newPairOver(t, nil, nil) }

func newPairOver(t testing.TB, a, b wrapper) *pair {
	t.Helper()
	p := &pair{a: newSide(t, noControl(t), a), b: newSide(t, noControl(t), b), relay: newUDPRelay(t)}
	p.a.SetRelay(p.relay.addr)
	p.b.SetRelay(p.relay.addr)
	p.open(t, randomSession())
	return p
}

// noControl is the RelayByControl of tests in which everything goes over UDP.
func noControl(t testing.TB) func(wire.SessionID, []byte) {
	return func(wire.SessionID, []byte) { t.Error("a datagram went through the control connection") }
}

// open opens the session on both sides, with keys of its own.
func (p *pair) open(t testing.TB, session wire.SessionID) {
	t.Helper()
	p.a.session, p.b.session = openBoth(t, p.a, p.b, session)
	if p.relay != nil {
		p.relay.introduce(session, p.a.Addr(), p.b.Addr())
	}
}

func openBoth(t testing.TB, a, b *side, session wire.SessionID) (*Session, *Session) {
	t.Helper()
	var forth, back wire.ProbeKey
	var seed [16]byte
	rand.Read(forth[:])
	rand.Read(back[:])
	rand.Read(seed[:])
	a.sendKey, b.sendKey = forth, back
	x, err := a.Open(punch.Config{Session: session, SendKey: forth, ReceiveKey: back, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	y, err := b.Open(punch.Config{Session: session, SendKey: back, ReceiveKey: forth, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return x, y
}

// punch introduces the two to each other and waits until both are direct.
func (p *pair) punch(t testing.TB) {
	t.Helper()
	p.a.session.Introduce(Introduction{Candidates: localCandidate(p.b.Addr())})
	p.b.session.Introduce(Introduction{Candidates: localCandidate(p.a.Addr())})
	p.a.awaitPath(t, trusted)
	p.b.awaitPath(t, trusted)
}

func localCandidate(endpoint netip.AddrPort) []wire.Candidate {
	return []wire.Candidate{{Endpoint: endpoint, Kind: wire.CandidateLocal}}
}

func trusted(path punch.Path) bool { return path.IsDirect() && !path.Doubtful }

// awaitPath waits until the session announces a path that is wanted.
func (p *side) awaitPath(t testing.TB, wanted func(punch.Path) bool) {
	t.Helper()
	guard := time.After(hangGuard)
	for {
		select {
		case path := <-p.paths:
			if wanted(path) {
				return
			}
		case <-guard:
			t.Fatalf("the path never came; it is %+v, counters %+v", p.session.Path(), p.Counters())
		}
	}
}

// connect runs the QUIC handshake, a dialling b.
func (p *pair) connect(t testing.TB) (a, b *quic.Conn) {
	t.Helper()
	return connect(t, p.a.Transport(), p.b.Transport(), p.a.session.Addr(), QUICConfig())
}

func connect(t testing.TB, from, to *quic.Transport, addr net.Addr, config *quic.Config) (a, b *quic.Conn) {
	t.Helper()
	server, client := tlsConfigs(t)
	ctx, cancel := context.WithTimeout(t.Context(), hangGuard)
	defer cancel()
	listener, err := to.Listen(server, config)
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan error, 1)
	go func() {
		var err error
		b, err = listener.Accept(ctx)
		accepted <- err
	}()
	if a, err = from.Dial(ctx, addr, client, config); err != nil {
		t.Fatal(err)
	}
	if err := <-accepted; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.CloseWithError(0, "")
		b.CloseWithError(0, "")
		listener.Close()
	})
	return a, b
}

// tlsConfigs returns a server's and a client's configuration without pinning:
// identities are not this package's concern.
func tlsConfigs(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	certificate := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
	server = &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{"test"}, Certificates: []tls.Certificate{certificate}}
	client = &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{"test"}, InsecureSkipVerify: true}
	return server, client
}

// transfer sends blocks of random bytes over one stream and checks that they
// arrive whole. It calls between after each block is written.
func transfer(t testing.TB, from, to *quic.Conn, blocks int, between func(block int)) {
	t.Helper()
	stream, err := from.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	stream.SetWriteDeadline(time.Now().Add(hangGuard))
	received := make(chan []byte, 1)
	go func() { received <- hashStream(t, to) }()
	sent := sha256.New()
	block := make([]byte, 64<<10)
	for i := range blocks {
		rand.Read(block)
		sent.Write(block)
		if _, err := stream.Write(block); err != nil {
			t.Fatalf("block %d: %v", i, err)
		}
		if between != nil {
			between(i)
		}
	}
	stream.Close()
	if got := <-received; !bytes.Equal(got, sent.Sum(nil)) {
		t.Fatal("the stream arrived damaged")
	}
}

// hashStream hashes the next stream that conn accepts; nil if it breaks off.
func hashStream(t testing.TB, conn *quic.Conn) []byte {
	ctx, cancel := context.WithTimeout(context.Background(), hangGuard)
	defer cancel()
	stream, err := conn.AcceptStream(ctx)
	if err != nil {
		t.Errorf("accept stream: %v", err)
		return nil
	}
	defer stream.Close()
	stream.SetReadDeadline(time.Now().Add(hangGuard))
	hash := sha256.New()
	if _, err := io.Copy(hash, stream); err != nil {
		t.Errorf("read stream: %v", err)
		return nil
	}
	return hash.Sum(nil)
}

func randomSession() (session wire.SessionID) {
	rand.Read(session[:])
	return session
}

// udpRelay plays the rendezvous' UDP side: it answers logins and forwards the
// relay frames of introduced sessions, super-buffers as they come.
type udpRelay struct {
	conn *offload.Conn
	addr netip.AddrPort

	mu       sync.Mutex
	sessions map[wire.SessionID][2]netip.AddrPort
	// frames counts the super-buffers forwarded.
	frames int
	// silent makes the relay lose everything.
	silent bool
}

// accepted is what the relay's Accepts say, apart from endpoint and id.
var accepted = wire.Accept{ControlPort: 7700, OtherPort: 7701, Cookie: wire.Cookie{1, 2, 3}}

func newUDPRelay(t testing.TB) *udpRelay {
	t.Helper()
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	udp.SetReadBuffer(4 << 20)
	r := &udpRelay{
		conn:     offload.New(udp),
		addr:     udp.LocalAddr().(*net.UDPAddr).AddrPort(),
		sessions: map[wire.SessionID][2]netip.AddrPort{},
	}
	var done sync.WaitGroup
	done.Go(r.serve)
	t.Cleanup(func() {
		r.conn.Close()
		done.Wait()
	})
	return r
}

func (r *udpRelay) introduce(session wire.SessionID, a, b netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sessions[session] = [2]netip.AddrPort{a, b}
}

func (r *udpRelay) setSilent(silent bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.silent = silent
}

func (r *udpRelay) forwarded() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.frames
}

func (r *udpRelay) serve() {
	batch := make([]offload.Datagrams, 8)
	for i := range batch {
		batch[i].Buffer = make([]byte, 0, offload.BufferSize)
	}
	for {
		n, err := r.conn.ReadBatch(batch)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		for i := range batch[:n] {
			r.handle(&batch[i])
		}
	}
}

func (r *udpRelay) handle(d *offload.Datagrams) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.silent {
		return
	}
	if login, err := wire.ParseLogin(d.Buffer); err == nil {
		accept := accepted
		accept.TransactionID, accept.Observed = login.TransactionID, d.From
		r.conn.Write(accept.Append(nil), 0, 0, d.From)
		return
	}
	session, _, ok := wire.ParseRelayHeader(d.Buffer)
	if !ok {
		return
	}
	ends := r.sessions[session]
	to := ends[0]
	if d.From == ends[0] {
		to = ends[1]
	}
	r.frames++
	r.conn.Write(d.Buffer, d.SegmentSize, d.ECN, to)
}

func udpAddr(endpoint string) *net.UDPAddr {
	return net.UDPAddrFromAddrPort(netip.MustParseAddrPort(endpoint))
}
