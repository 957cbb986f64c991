package rogue

import (
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"testing"

	"peerd/internal/identity"
	"peerd/internal/invite"
	"peerd/roster"
	"peerd/wire"
)

// Circle is the name of every rogue's circle.
const Circle = "circle"

// portTries is how many free UDP ports are tried of which TCP may be taken.
const portTries = 20

// Rendezvous is a rendezvous that a test has taken over. Its methods may be called
// concurrently, but not from a script.
type Rendezvous struct {
	t      testing.TB
	self   *identity.Identity
	invite invite.Invite
	tcp    net.Listener
	udp    *net.UDPConn
	tasks  sync.WaitGroup
	record record

	// scripting is held while a script looks at something: one at a time.
	scripting sync.Mutex
	// pushing is held while the roster goes out, so that it arrives in order.
	pushing sync.Mutex

	mu sync.Mutex // guards what follows
	// onFrame and onDatagram are the scripts; nil: an honest rendezvous.
	onFrame    func(Frame) []Frame
	onDatagram func(Datagram) []Datagram
	// members are all who have ever said Hello.
	members map[wire.Key]*member
	table   *roster.Table
	// sessions are the pairs that an honest rendezvous would relay for.
	sessions map[wire.SessionID][2]wire.Key
	closed   bool
}

// Start starts a rogue on loopback that lasts as long as the test.
func Start(t testing.TB) *Rendezvous {
	t.Helper()
	r := &Rendezvous{
		t:        t,
		members:  map[wire.Key]*member{},
		table:    roster.NewTable(1),
		sessions: map[wire.SessionID][2]wire.Key{},
	}
	if err := r.listen(); err != nil {
		t.Fatalf("start a rogue rendezvous: %v", err)
	}
	r.tasks.Go(r.accept)
	r.tasks.Go(r.readDatagrams)
	t.Cleanup(r.close)
	return r
}

// listen opens UDP and TCP at the same port.
func (r *Rendezvous) listen() (err error) {
	if r.self, err = identity.Generate(); err != nil {
		return err
	}
	for range portTries {
		if r.udp, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
			return err
		}
		if r.tcp, err = tls.Listen("tcp4", r.udp.LocalAddr().String(), r.self.ServerTLS(wire.ControlProtocol)); err == nil {
			break
		}
		r.udp.Close()
	}
	if err != nil {
		return err
	}
	_ = r.udp.SetReadBuffer(4 << 20) // where the system allows so much
	r.invite, err = invite.New(r.Addr().String(), Circle, r.self.Key())
	return err
}

func (r *Rendezvous) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.tcp.Close()
	r.udp.Close()
	for _, key := range r.online() {
		r.Drop(key)
	}
	r.tasks.Wait()
}

// Invite returns an invite that any number of peers may use.
func (r *Rendezvous) Invite() invite.Invite { return r.invite }

// Identity returns the rogue's own key, the one that its peers have pinned: with it
// it signs whatever a rendezvous can sign.
func (r *Rendezvous) Identity() *identity.Identity { return r.self }

// Addr returns where it listens, over UDP and TCP alike.
func (r *Rendezvous) Addr() netip.AddrPort { return r.udp.LocalAddr().(*net.UDPAddr).AddrPort() }

// OnFrame has script see every control frame from now on, of both directions, and
// decide what takes its place. A nil script makes the rogue honest.
func (r *Rendezvous) OnFrame(script func(Frame) []Frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onFrame = script
}

// OnDatagram is OnFrame for UDP: relayed datagrams and Accepts.
func (r *Rendezvous) OnDatagram(script func(Datagram) []Datagram) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onDatagram = script
}
