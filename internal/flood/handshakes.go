//go:build linux

package flood

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"peerd/internal/identity"
	"peerd/wire"
)

const (
	// handshakesAtATime is how many connections an attacker works on at once.
	handshakesAtATime = 200
	// strangers is how many keys the attacker has: making one is not measured.
	strangers = 256
)

// clientHello returns the first thing that a client of the control service says.
func clientHello(at aim) []byte {
	near, far := net.Pipe()
	var shaking sync.WaitGroup
	defer shaking.Wait()
	defer far.Close() // which ends it
	self, err := identity.Generate()
	if err != nil {
		return nil
	}
	shaking.Go(func() { _ = tls.Client(near, self.ClientTLS(wire.ControlProtocol, at.invite.Server)).Handshake() })
	hello := make([]byte, 16<<10)
	n, _ := io.ReadAtLeast(far, hello, 1000)
	return hello[:n]
}

// shakeHands returns a play of complete handshakes, each with the key of a
// stranger and a Hello with a token that no invite has.
func shakeHands(networks ...netip.Prefix) play {
	return func(ctx context.Context, at aim) (report, error) {
		var keys []*identity.Identity
		for range strangers {
			self, err := identity.Generate()
			if err != nil {
				return report{}, err
			}
			keys = append(keys, self)
		}
		return connectOften(ctx, "handshakes", func(source netip.Addr) error {
			self := keys[draw(len(keys))]
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			conn, err := dialTLS(ctx, source, at, self)
			if err != nil {
				return err
			}
			defer hangUp(conn.NetConn())
			hello := wire.Hello{Version: wire.Version, Name: "mallory", Token: noise(nil, 16)}
			hello.Instance = wire.Instance(noise(nil, len(hello.Instance)))
			frame, err := wire.AppendFrame(nil, hello)
			if err != nil {
				return err
			}
			if _, err := conn.Write(frame); err != nil {
				return err
			}
			_, err = conn.Read(make([]byte, 100))
			return err
		}, networks)
	}
}

// replayHellos returns a play of ClientHellos that cost the attacker nothing: the
// same one again and again, hung up on as soon as it is answered.
func replayHellos(networks ...netip.Prefix) play {
	return func(ctx context.Context, at aim) (report, error) {
		hello := clientHello(at)
		return connectOften(ctx, "hellos", func(source netip.Addr) error {
			conn, err := dialFrom(ctx, source, at.reachedFrom(source))
			if err != nil {
				return err
			}
			defer hangUp(conn)
			_ = conn.SetDeadline(time.Now().Add(patience))
			if _, err := conn.Write(hello); err != nil {
				return err
			}
			_, err = conn.Read(make([]byte, 1))
			return err
		}, networks)
	}
}

// connectOften has many workers attempt the same thing from sources of the
// networks in turn, and counts what succeeded.
func connectOften(ctx context.Context, what string, attempt func(netip.Addr) error, networks []netip.Prefix) (report, error) {
	var done atomic.Int64
	var workers sync.WaitGroup
	for i := range handshakesAtATime {
		network := networks[i%len(networks)]
		workers.Go(func() {
			for ctx.Err() == nil {
				if attempt(pick(network)) == nil {
					done.Add(1)
				} else {
					wait(ctx, 10*time.Millisecond) // it was thrown out: let the others have the processor
				}
			}
		})
	}
	workers.Wait()
	return report{Done: int(done.Load()), What: what}, nil
}

// dialTLS connects to the control service as self.
func dialTLS(ctx context.Context, source netip.Addr, at aim, self *identity.Identity) (*tls.Conn, error) {
	raw, err := dialFrom(ctx, source, at.reachedFrom(source))
	if err != nil {
		return nil, err
	}
	conn := tls.Client(raw, self.ClientTLS(wire.ControlProtocol, at.invite.Server))
	if err := conn.HandshakeContext(ctx); err != nil {
		hangUp(raw)
		return nil, err
	}
	return conn, nil
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
