package socket

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"peerd/punch"
	"peerd/wire"
)

// turnToTCP gives the sides a TCP connection to each other, on which their
// session goes from now on.
func (p *pair) turnToTCP(t testing.TB) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ofA, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ofB, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, end := range []struct {
		*side
		conn net.Conn
	}{{p.a, ofA}, {p.b, ofB}} {
		end.openTCP = func(context.Context, netip.AddrPort, netip.AddrPort) (net.Conn, error) {
			return prepared(end.conn.(*net.TCPConn)), nil
		}
		end.SetTCPSource(end.conn.LocalAddr().(*net.TCPAddr).AddrPort())
		to := end.conn.RemoteAddr().(*net.TCPAddr).AddrPort()
		end.session.Introduce(Introduction{Candidates: []wire.Candidate{{Endpoint: to, Kind: wire.CandidateTCP}}})
	}
	overTCP := func(path punch.Path) bool { return path.TCP && !path.Doubtful }
	p.a.awaitPath(t, overTCP)
	p.b.awaitPath(t, overTCP)
}

func TestQUICRunsOverTCP(t *testing.T) {
	p := newPair(t)
	a, b := p.connect(t)
	p.turnToTCP(t)
	p.relay.setSilent(true) // no longer needed
	transfer(t, a, b, 200, nil)
	transfer(t, b, a, 200, nil)
}
