package portmap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// readPause is how long to wait after a failed read: the errors of UDP are
// about single packets (nobody listens at the router), and a loop must not spin
// on those that are not.
const readPause = time.Second

// dialGateway opens the socket of one lease. It is connected, so that the
// kernel drops what others send to it.
func dialGateway(ctx context.Context, g gateway) (net.Conn, error) {
	dialer := net.Dialer{LocalAddr: net.UDPAddrFromAddrPort(netip.AddrPortFrom(g.local, 0))}
	conn, err := dialer.DialContext(ctx, "udp4", netip.AddrPortFrom(g.address, serverPort).String())
	if err != nil {
		return nil, fmt.Errorf("open a socket towards the router: %w", err)
	}
	return conn, nil
}

// keepLease drives l over conn, which it closes, until ctx ended and the
// mapping is removed. The router's announcements come in beside its answers, and
// nil among them is a doubt.
func keepLease(
	ctx context.Context, l *lease, conn net.Conn, announcements <-chan []byte, log zerolog.Logger,
	report func(external netip.AddrPort, lifetime time.Duration),
) {
	// Reading ends with conn, not with ctx: the removal is answered too.
	reading, stopReading := context.WithCancel(context.WithoutCancel(ctx))
	datagrams := make(chan []byte)
	var reader sync.WaitGroup
	reader.Go(func() { readDatagrams(reading, conn, datagrams) })
	defer reader.Wait()
	defer conn.Close()
	defer stopReading()

	timer := time.NewTimer(0)
	defer timer.Stop()
	stopped := ctx.Done()
	for !l.isEnded() {
		var e event = tick{}
		select {
		case <-stopped:
			e, stopped = stop{}, nil
		case datagram := <-datagrams:
			e = received{datagram}
		case datagram := <-announcements:
			e = received{datagram}
			if datagram == nil {
				e = doubt{}
			}
		case <-timer.C:
		}
		for _, a := range l.step(time.Now(), e) {
			perform(a, conn, log, report)
		}
		timer.Reset(time.Until(l.wake()))
	}
}

func perform(a action, conn io.Writer, log zerolog.Logger, report func(netip.AddrPort, time.Duration)) {
	switch a := a.(type) {
	case send:
		// A datagram that cannot be sent is a lost one: it is repeated.
		if _, err := conn.Write(a.datagram); err != nil {
			log.Debug().Err(err).Msg("cannot send to the router")
		}
	case changed:
		report(a.external, a.lifetime)
	case refused:
		log.Debug().Err(a.err).Msg("router makes no port mapping")
	}
}

// readDatagrams passes on what conn receives until it is closed.
func readDatagrams(ctx context.Context, conn io.Reader, to chan<- []byte) {
	for {
		buffer := make([]byte, pcpMaxLength+1) // one more, to see that a datagram is too long
		n, err := conn.Read(buffer)
		switch {
		case err == nil:
			select {
			case to <- buffer[:n]:
			case <-ctx.Done():
				return
			}
		case errors.Is(err, net.ErrClosed):
			return
		default:
			select {
			case <-time.After(readPause):
			case <-ctx.Done():
				return
			}
		}
	}
}
