package socket

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"peerd/internal/offload"
	"peerd/punch"
	"peerd/wire"
)

// A linkEnd is a socket's end of an in-memory link without delay: what one end
// writes, the other end's socket has at once. It lets whole sessions run in
// simulated time, without QUIC and without a reader.
type linkEnd struct {
	datagramConn // nil: what is not overridden is not used
	addr         netip.AddrPort

	mu sync.Mutex
	// other is the socket that hears what is written; nil: nobody.
	other *Socket
	// written counts the datagrams written, by kind.
	written map[wire.DatagramKind]int
	// probed are the times at which probes were written.
	probed []time.Time
	// reached counts the datagrams written, by where they went.
	reached map[netip.AddrPort]int
}

func (l *linkEnd) Write(b []byte, segmentSize int, _ uint8, to netip.AddrPort) error {
	l.mu.Lock()
	other := l.other
	if l.reached == nil {
		l.reached = map[netip.AddrPort]int{}
	}
	d := offload.Datagrams{Buffer: b, SegmentSize: segmentSize}
	for datagram := range d.Segments() {
		kind := wire.Classify(datagram)
		l.written[kind]++
		l.reached[to]++
		if kind == wire.DatagramProbe {
			l.probed = append(l.probed, time.Now())
		}
	}
	l.mu.Unlock()
	if other != nil && to == other.bound {
		for datagram := range d.Segments() {
			other.demultiplex(datagram, l.addr)
		}
	}
	return nil
}

func (l *linkEnd) SetReadDeadline(time.Time) error { return nil }

func (l *linkEnd) Readable() bool { return false }

func (l *linkEnd) Wait() error { return nil }

func (l *linkEnd) Close() error { return nil }

// hear says which socket hears what this end writes.
func (l *linkEnd) hear(other *Socket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.other = other
}

func (l *linkEnd) count(kind wire.DatagramKind) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.written[kind]
}

// destinations returns how many datagrams were written to where.
func (l *linkEnd) destinations() map[netip.AddrPort]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.reached)
}

// linked is a side over a link, with one session.
type linked struct {
	*side
	link *linkEnd
}

func newLinked(endpoint string) linked {
	link := &linkEnd{addr: netip.MustParseAddrPort(endpoint), written: map[wire.DatagramKind]int{}}
	p := &side{paths: make(chan punch.Path, 1000), talks: make(chan wire.SessionID, 1000)}
	p.Socket = &Socket{
		config: Config{
			Logger:         zerolog.Nop(),
			Observed:       func(netip.AddrPort, wire.Accept) {},
			PathChanged:    func(_ wire.SessionID, path punch.Path) { p.paths <- path },
			TalkWanted:     func(session wire.SessionID, _ []netip.AddrPort) { p.talks <- session },
			RelayByControl: func(wire.SessionID, []byte) {},
		},
		conn:     link,
		bound:    link.addr,
		registry: newRegistry(),
		relayed:  newRelayedQueue(),
		reading:  interruption{conn: link},
		look:     (*Socket).surroundings,
		batches:  newReadBatches(),
	}
	p.lifetime, p.end = context.WithCancel(context.Background())
	p.governor.counters = &p.counters
	p.logins = newLogins(p.write, p.config.Observed)
	return linked{side: p, link: link}
}

// newLinkedPair connects two sides on one network, with one session.
func newLinkedPair(t testing.TB) (a, b linked) {
	t.Helper()
	a, b = newLinked("203.0.113.1:4001"), newLinked("203.0.113.2:4002")
	a.link.hear(b.Socket)
	b.link.hear(a.Socket)
	a.session, b.session = openBoth(t, a.side, b.side, randomSession())
	t.Cleanup(func() {
		a.session.Close()
		b.session.Close()
	})
	return a, b
}

// path returns the last path announced, and forgets the others.
func (l linked) path(t testing.TB) punch.Path {
	t.Helper()
	var path punch.Path
	for {
		select {
		case path = <-l.paths:
		default:
			return path
		}
	}
}

// stub is a conn that gives out what it is told to, then is closed.
type stub struct {
	linkEnd
	batch []offload.Datagrams
}

func (s *stub) Readable() bool { return len(s.batch) > 0 }

func (s *stub) ReadBatch(into []offload.Datagrams) (int, error) {
	n := 0
	for n < len(into) && n < len(s.batch) {
		d := s.batch[n]
		buffer := append(into[n].Buffer[:0], d.Buffer...)
		into[n] = d
		into[n].Buffer = buffer
		n++
	}
	s.batch = s.batch[n:]
	if n == 0 {
		return 0, net.ErrClosed
	}
	return n, nil
}
