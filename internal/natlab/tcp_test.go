//go:build linux

package natlab_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/natlab/nat"
)

// exchange sends so many bytes through a new connection and back.
func exchange(t *testing.T, listener *net.TCPListener, from *natlab.Host, size int) {
	t.Helper()
	var echo sync.WaitGroup
	echo.Go(func() {
		if conn, err := listener.Accept(); err == nil {
			_, _ = io.Copy(conn, conn)
			conn.Close()
		}
	})
	defer echo.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), hangGuard)
	defer cancel()
	conn, err := from.DialTCP(ctx, listener.Addr().(*net.TCPAddr).AddrPort())
	if err != nil {
		listener.Close()
		t.Fatal(err)
	}
	defer conn.Close()
	echo.Go(func() {
		_, _ = conn.Write(make([]byte, size))
		_ = conn.CloseWrite()
	})
	if n, err := io.Copy(io.Discard, conn); err != nil || n != int64(size) {
		t.Errorf("%d of %d bytes came back: %v", n, size, err)
	}
}

// A connection is opened by two SYNs that cross, between observed endpoints. The kernels' retransmissions give the
// SYN that comes too early another chance.
func TestTCPSimultaneousOpen(t *testing.T) {
	for name, pair := range map[string]struct{ a, b natlab.NAT }{
		"two userspace routers":       {restricted, restricted},
		"userspace and kernel router": {restricted, natlab.Masquerade},
	} {
		t.Run(name, func(t *testing.T) {
			lab := natlab.New(t)
			homeA, homeB := lab.Home("a", pair.a, natlab.Link{}), lab.Home("b", pair.b, natlab.Link{})
			alice, bob := homeA.Host("alice"), homeB.Host("bob")
			var connA, connB *net.TCPConn
			var dials sync.WaitGroup
			dials.Go(func() { connA = dialFrom(t, alice, 5000, homeB.AddrPort(6000)) })
			dials.Go(func() { connB = dialFrom(t, bob, 6000, homeA.AddrPort(5000)) })
			dials.Wait()
			if connA == nil || connB == nil {
				return
			}
			defer connA.Close()
			defer connB.Close()
			if _, err := connA.Write([]byte("hello")); err != nil {
				t.Error(err)
			}
			got := make([]byte, 5)
			if _, err := io.ReadFull(connB, got); err != nil || string(got) != "hello" {
				t.Errorf("received %q, %v", got, err)
			}
		})
	}
}

// dialFrom connects from a port of a host; nil and a failed test if that fails.
func dialFrom(t *testing.T, host *natlab.Host, port uint16, to netip.AddrPort) (conn *net.TCPConn) {
	ctx, cancel := context.WithTimeout(t.Context(), hangGuard)
	defer cancel()
	err := host.Do(func() (err error) {
		conn, err = new(net.Dialer).DialTCP(ctx, "tcp4", host.AddrPort(port), to)
		return err
	})
	if err != nil {
		t.Errorf("dial from %s: %v", host.Name(), err)
	}
	return conn
}

func TestUnsolicitedSYN(t *testing.T) {
	for name, c := range map[string]struct {
		behaviour nat.Behaviour
		want      error
	}{
		"is dropped":         {nat.Behaviour{}, context.DeadlineExceeded},
		"is reset if wanted": {nat.Behaviour{ResetUnsolicited: true}, syscall.ECONNREFUSED},
	} {
		t.Run(name, func(t *testing.T) {
			lab := natlab.New(t)
			home := lab.Home("home", natlab.Userspace(c.behaviour), natlab.Link{})
			home.Host("alice").ListenTCP(5000)
			ctx, cancel := context.WithTimeout(t.Context(), patience(c.want == syscall.ECONNREFUSED))
			defer cancel()
			_, err := lab.PublicHost("stranger", natlab.Link{}).DialTCP(ctx, home.AddrPort(5000))
			if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
				err = context.DeadlineExceeded
			}
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

// TestSilencedConnectionsLookOpen proves that a silenced connection gives neither end an error, and that others work.
func TestSilencedConnectionsLookOpen(t *testing.T) {
	lab := natlab.New(t)
	listener := lab.PublicHost("vps", natlab.Link{}).ListenTCP(0)
	home := lab.Home("home", natlab.Masquerade, natlab.Link{})
	alice := home.Host("alice")
	ctx, cancel := context.WithTimeout(t.Context(), hangGuard)
	defer cancel()
	client, err := alice.DialTCP(ctx, listener.Addr().(*net.TCPAddr).AddrPort())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if n := home.SilenceTCP(); n != 1 {
		t.Errorf("%d connections were silenced, want 1", n)
	}
	for _, ends := range [][2]net.Conn{{client, server}, {server, client}} {
		if _, err := ends[0].Write([]byte("hello")); err != nil {
			t.Errorf("write: %v", err)
		}
		if err := ends[1].SetReadDeadline(time.Now().Add(quietTime)); err != nil {
			t.Fatal(err)
		}
		if n, err := ends[1].Read(make([]byte, 5)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read %d bytes, %v; want silence", n, err)
		}
	}
	exchange(t, listener, alice, 1000)
}
