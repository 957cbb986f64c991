package natcheck_test

import (
	"context"
	"crypto/rand"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"peerd/internal/natlab"
	"peerd/punch/natcheck"
	"peerd/rendezvous"
	"peerd/wire"
)

// hangGuard bounds what must happen.
const hangGuard = 20 * time.Second

// slowMachine is what a round trip may take on a machine with other things to do, beyond
// what the first one took: answers are waited for accordingly, and asked for more often.
const slowMachine = 200 * time.Millisecond

// startRendezvous runs a rendezvous on a public host and returns its main UDP
// port.
func startRendezvous(t *testing.T, vps *natlab.Host) netip.AddrPort {
	t.Helper()
	var server *rendezvous.Server
	if err := vps.Do(func() (err error) {
		server, err = rendezvous.Open(rendezvous.Config{StateDir: t.TempDir(), Advertise: vps.Addr().String()})
		return err
	}); err != nil {
		t.Fatalf("start the rendezvous: %v", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := server.Serve(ctx); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(func() {
		stop()
		serving.Wait()
	})
	return vps.AddrPort(server.Addr().Port())
}

// configFor prepares a measurement from a host: it logs in once, as the daemon
// does from its main socket.
func configFor(t *testing.T, host *natlab.Host, server netip.AddrPort) natcheck.Config {
	t.Helper()
	conn := host.ListenUDP(0)
	defer conn.Close()
	var login wire.Login
	rand.Read(login.TransactionID[:])
	start := time.Now()
	if _, err := conn.WriteToUDPAddrPort(login.Append(nil), server); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(start.Add(hangGuard)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 1500)
	n, err := conn.Read(buffer)
	if err != nil {
		t.Fatalf("no answer to a login: %v", err)
	}
	accept, err := wire.ParseAccept(buffer[:n])
	if err != nil {
		t.Fatal(err)
	}
	return natcheck.Config{
		Server: server,
		Accept: accept,
		RTT:    time.Since(start) + slowMachine,
		Listen: func() (conn *net.UDPConn, err error) {
			err = host.Do(func() error {
				conn, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(host.AddrPort(0)))
				return err
			})
			return conn, err
		},
		AskRouters: true,
	}
}
