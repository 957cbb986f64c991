package socket

import (
	"context"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-reuseport"

	"peerd/internal/leak"
	"peerd/internal/natlab"
	"peerd/internal/natlab/nat"
)

func TestMain(m *testing.M) { os.Exit(natlab.Main(leak.Checked(m))) }

// labPeer is a machine with a control connection to the rendezvous.
type labPeer struct {
	host *natlab.Host
	// local is its end of the control connection, observed what the rendezvous
	// sees of it.
	local, observed netip.AddrPort
}

func newLabPeer(t *testing.T, host *natlab.Host, rendezvous *net.TCPListener) labPeer {
	t.Helper()
	var conn net.Conn
	err := host.Do(func() (err error) {
		conn, err = (&net.Dialer{Control: reuseport.Control}).DialContext(t.Context(), "tcp4", rendezvous.Addr().String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	accepted, err := rendezvous.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { accepted.Close() })
	return labPeer{
		host:     host,
		local:    conn.LocalAddr().(*net.TCPAddr).AddrPort(),
		observed: accepted.RemoteAddr().(*net.TCPAddr).AddrPort(),
	}
}

// open opens a connection to another peer.
func (p labPeer) open(ctx context.Context, to netip.AddrPort) (conn net.Conn, err error) {
	err = p.host.Do(func() error {
		conn, err = openSimultaneously(ctx, p.local, to)
		return err
	})
	return conn, err
}

func TestBothOpenThroughTheirRouters(t *testing.T) {
	userspace := natlab.Userspace(nat.Behaviour{Filtering: nat.APDF})
	resetting := natlab.Userspace(nat.Behaviour{Filtering: nat.APDF, ResetUnsolicited: true})
	const near, far = 20 * time.Millisecond, 150 * time.Millisecond // to the next router
	for name, test := range map[string]struct {
		a, b  natlab.NAT // nil: a public host
		delay time.Duration
		bLate time.Duration
	}{
		"two that block UDP":                          {natlab.UDPBlocked, natlab.UDPBlocked, near, 0},
		"one that blocks UDP":                         {natlab.UDPBlocked, natlab.Masquerade, near, 0},
		"a public host":                               {natlab.UDPBlocked, nil, near, 0},
		"a userspace router":                          {natlab.UDPBlocked, userspace, near, 0},
		"a router that resets":                        {natlab.UDPBlocked, resetting, near, 0},
		"a router with open input":                    {natlab.UDPBlocked, natlab.InputAccept, near, 0},
		"two routers with open input":                 {natlab.InputAccept, natlab.InputAccept, near, 0},
		"one within a way's time, open input":         {natlab.InputAccept, natlab.InputAccept, near, 30 * time.Millisecond},
		"one late":                                    {natlab.UDPBlocked, natlab.UDPBlocked, near, 150 * time.Millisecond},
		"one later than the first attempt":            {natlab.UDPBlocked, natlab.UDPBlocked, near, 310 * time.Millisecond},
		"a public host late, which resets until then": {natlab.UDPBlocked, nil, near, 150 * time.Millisecond},
		"a router that resets, late":                  {natlab.UDPBlocked, resetting, near, 150 * time.Millisecond},
		"far away":                                    {natlab.UDPBlocked, natlab.UDPBlocked, far, 0},
		"far away, one late":                          {natlab.UDPBlocked, natlab.UDPBlocked, far, 310 * time.Millisecond},
		"far away, a router that resets, late":        {natlab.UDPBlocked, resetting, far, 310 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			lab := natlab.New(t)
			link := natlab.Link{Delay: test.delay}
			rendezvous := lab.PublicHost("vps", natlab.Link{}).ListenTCP(7700)
			machine := func(name string, router natlab.NAT) *natlab.Host {
				if router == nil {
					return lab.PublicHost(name, link)
				}
				return lab.Home(name+"-home", router, link).Host(name)
			}
			a := newLabPeer(t, machine("alice", test.a), rendezvous)
			b := newLabPeer(t, machine("bob", test.b), rendezvous)
			var ofA, ofB net.Conn
			var errA, errB error
			var opening sync.WaitGroup
			start := time.Now()
			opening.Go(func() { ofA, errA = a.open(t.Context(), b.observed) })
			opening.Go(func() {
				time.Sleep(test.bLate)
				ofB, errB = b.open(t.Context(), a.observed)
			})
			opening.Wait()
			t.Logf("open after %v", time.Since(start)-test.bLate)
			if errA != nil || errB != nil {
				t.Fatal(errA, errB)
			}
			defer ofA.Close()
			defer ofB.Close()
			_, err := ofA.Write([]byte("hello"))
			got := make([]byte, 5)
			_ = ofB.SetReadDeadline(time.Now().Add(hangGuard))
			if n, readErr := ofB.Read(got); err != nil || readErr != nil || string(got[:n]) != "hello" {
				t.Errorf("%v; received %q, %v", err, got[:n], readErr)
			}
		})
	}
}
